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

const newline = 0x0a;

/**
 * Splits on byte 0x0A only (U+2028 is legal inside a JSON string). Text is decoded once per block;
 * only a block that is not pure ASCII is decoded line by line. Blank lines are left out. Chunks are
 * kept until their last line is complete.
 */
export const createLineSplitter = (bytesMax: number = lineBytesMax): LineSplitter => {
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  let offset = 0;
  let isTooLong = false;
  const flush = (block: Uint8Array): readonly ReadLine[] => {
    const lines = isTooLong
      ? [{ offset, length: carriedBytes + lengthWithoutNewline(block), text: null }]
      : splitBlock(carriedBytes === 0 ? block : join(carried, block), offset);
    offset += carriedBytes + block.length;
    carried = [];
    carriedBytes = 0;
    isTooLong = false;
    return lines;
  };
  return {
    add(chunk) {
      let rest = chunk;
      let ended: readonly ReadLine[] = [];
      if (isTooLong) {
        // The end of the long line is the first newline to come; what lies behind it is read as
        // usual.
        const end = rest.indexOf(newline);
        if (end < 0) {
          carriedBytes += rest.length;
          return ended;
        }
        ended = flush(rest.subarray(0, end + 1));
        rest = rest.subarray(end + 1);
      }
      const last = rest.lastIndexOf(newline);
      if (last >= 0) {
        const lines = flush(rest.subarray(0, last + 1));
        ended = ended.length === 0 ? lines : [...ended, ...lines];
      }
      const tail = last >= 0 ? rest.subarray(last + 1) : rest;
      if (tail.length > 0) {
        carried.push(tail);
        carriedBytes += tail.length;
      }
      if (carriedBytes > bytesMax) {
        isTooLong = true;
        carried = [];
      }
      return ended;
    },
    end: () => (carriedBytes > 0 ? flush(new Uint8Array(0)) : []),
  };
};

const lengthWithoutNewline = (bytes: Uint8Array): number =>
  bytes[bytes.length - 1] === newline ? bytes.length - 1 : bytes.length;

const join = (parts: readonly Uint8Array[], last: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let at = 0;
  for (const part of [...parts, last]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const decode = (bytes: Uint8Array): string | null => {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
};

const splitBlock = (block: Uint8Array, base: number): readonly ReadLine[] => {
  const whole = decode(block);
  // As many characters as bytes: offsets in the text are offsets in the file.
  return whole !== null && whole.length === block.length
    ? splitText(whole, base)
    : splitBytes(block, base);
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

const splitBytes = (block: Uint8Array, base: number): readonly ReadLine[] => {
  const lines: ReadLine[] = [];
  for (let start = 0; start < block.length;) {
    const found = block.indexOf(newline, start);
    const end = found < 0 ? block.length : found;
    if (end > start)
      lines.push({
        offset: base + start,
        length: end - start,
        text: decode(block.subarray(start, end)),
      });
    start = end + 1;
  }
  return lines;
};
