import { linesOf, createLineBlocks, type LineBlock } from '../../bytes/lines.ts';

/** What stands for a line that was too long to be kept: no JSON, as its beginning would be. */
const beginning = Uint8Array.of(0x7b);

/**
 * The lines of the chunks, as one array per chunk. A last line without a newline counts. Memory is
 * one chunk and one line; of a line longer than `lineBytesMax` only a beginning is given.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<readonly Uint8Array[]> {
  const linesIn = ({ bytes }: LineBlock): readonly Uint8Array[] =>
    bytes === null
      ? [beginning]
      : linesOf(bytes).map((line) => (line.length > lineBytesMax ? beginning : line));
  const blocks = createLineBlocks(lineBytesMax);
  for await (const chunk of chunks) yield* blocks.add(chunk).map(linesIn);
  yield* blocks.end().map(linesIn);
}
