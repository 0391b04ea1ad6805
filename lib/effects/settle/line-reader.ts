import { linesOf, utf8Text, createLineBlocks, type LineBlock } from '../../bytes/lines.ts';

/**
 * One line of a file: where it lies, and its text; null text for a line that is too long or not
 * UTF-8.
 */
export interface ReadLine {
  /** Bytes from the start of the reading. */
  readonly offset: number;
  /** Bytes without the newline. */
  readonly length: number;
  readonly text: string | null;
}

/** Takes chunks as they come, and gives the lines that they complete. */
export interface LineSplitter {
  add(chunk: Uint8Array): readonly ReadLine[];
  /** The last line, where no newline ends it. */
  end(): readonly ReadLine[];
}

/** Longer lines are passed over in bounded memory, and counted by the reader. */
export const lineBytesMax = 64 * 1024 * 1024;

/**
 * Splits into lines (`lib/bytes/lines.ts`). Text is decoded once per block; only a block that is
 * not pure ASCII is decoded line by line. Blank lines are left out.
 */
export const createLineSplitter = (bytesMax: number = lineBytesMax): LineSplitter => {
  const blocks = createLineBlocks(bytesMax);
  const linesIn = (all: readonly LineBlock[]): readonly ReadLine[] =>
    all.length === 1 ? readBlock(all[0] as LineBlock) : all.flatMap(readBlock);
  return {
    add: (chunk) => linesIn(blocks.add(chunk)),
    end: () => linesIn(blocks.end()),
  };
};

const readBlock = ({ offset, length, bytes }: LineBlock): readonly ReadLine[] => {
  if (bytes === null) return [{ offset, length, text: null }];
  const whole = utf8Text(bytes);
  // As many characters as bytes: offsets in the text are offsets in the file.
  return whole !== null && whole.length === bytes.length
    ? splitText(whole, offset)
    : splitBytes(bytes, offset);
};

const splitText = (text: string, base: number): readonly ReadLine[] => {
  const lines: ReadLine[] = [];
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start)
      lines.push({ offset: base + start, length: end - start, text: text.slice(start, end) });
    start = end + 1;
  }
  return lines;
};

const splitBytes = (block: Uint8Array, base: number): readonly ReadLine[] =>
  linesOf(block)
    .filter(({ length }) => length > 0)
    .map((line) => ({
      offset: base + line.byteOffset - block.byteOffset,
      length: line.length,
      text: utf8Text(line),
    }));

/** The lines of the chunks, a block of lines per chunk (`createLineSplitter`). */
export async function* readLineBlocks(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number = lineBytesMax,
): AsyncGenerator<readonly ReadLine[]> {
  const splitter = createLineSplitter(bytesMax);
  for await (const chunk of chunks) {
    const lines = splitter.add(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last.length > 0) yield last;
}
