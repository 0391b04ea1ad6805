import { createLineSplitter, lineBytesMax, type ReadLine } from './line-splitter.ts';

export { lineBytesMax, type ReadLine } from './line-splitter.ts';

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
