import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countLines,
  lineEnd,
  linesOf,
  utf8Text,
  joinBytes,
  createLineBlocks,
  type LineBlock,
} from '../../lib/bytes/lines.ts';

const text = fc
  .array(fc.constantFrom('\n', 'a', 'ü', '\u2028', '\r', '{"a":1}', '👍'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const cuts = fc.array(fc.nat({ max: 80 }), { maxLength: 8 });

const bytesOf = (written: string): Uint8Array => new TextEncoder().encode(written);
/** The bytes in chunks, all of them in one buffer that is written over. */
function* inChunks(bytes: Uint8Array, at: readonly number[]): Generator<Uint8Array> {
  const ends = [...at.filter((end) => end < bytes.length), bytes.length].sort((a, b) => a - b);
  const buffer = new Uint8Array(bytes.length);
  let begin = 0;
  for (const end of ends) {
    buffer.set(bytes.subarray(begin, end));
    yield buffer.subarray(0, end - begin);
    begin = end;
  }
}

const blocksOf = (
  bytes: Uint8Array,
  at: readonly number[],
  bytesMax: number,
): readonly LineBlock[] => {
  const blocks = createLineBlocks(bytesMax);
  const found: LineBlock[] = [];
  const keep = (block: LineBlock): void => {
    found.push({ ...block, bytes: block.bytes?.slice() ?? null });
  };
  for (const chunk of inChunks(bytes, at)) blocks.add(chunk).forEach(keep);
  blocks.end().forEach(keep);
  return found;
};

describe('lines of bytes', () => {
  it('are those of the text, whatever is in them', () => {
    fc.assert(
      fc.property(text, (written) => {
        const bytes = bytesOf(written);
        const expected = written.split('\n');
        expect(countLines(bytes)).toBe(expected.length - 1);
        if (expected.at(-1) === '') expected.pop();
        expect(linesOf(bytes).map(utf8Text)).toEqual(expected);
      }),
    );
  });

  it('are counted within bounds: a newline at the limit is outside', () => {
    fc.assert(
      fc.property(text, fc.nat(60), fc.nat(60), (written, begin, limit) => {
        const bytes = bytesOf(written);
        const within = bytes.slice(begin, Math.max(begin, limit)).filter((byte) => byte === 0x0a);
        expect(countLines(bytes, begin, limit)).toBe(within.length);
      }),
    );
    expect([lineEnd(bytesOf('a\nb'), 0), lineEnd(bytesOf('a\nb'), 2)]).toEqual([2, -1]);
  });

  it('come in blocks of whole lines, wherever the chunks are cut and reused', () => {
    fc.assert(
      fc.property(text, cuts, (written, at) => {
        const bytes = bytesOf(written);
        const blocks = blocksOf(bytes, at, Number.POSITIVE_INFINITY);
        expect(joinBytes(blocks.map((block) => block.bytes as Uint8Array))).toEqual(bytes);
        let offset = 0;
        blocks.forEach((block, place) => {
          expect([block.offset, block.length]).toEqual([offset, block.bytes?.length]);
          if (place < blocks.length - 1) expect(block.bytes?.at(-1)).toBe(0x0a);
          offset += block.length;
        });
      }),
    );
  });

  it('are passed over one by one where they are too long; those around them are kept', () => {
    fc.assert(
      fc.property(text, cuts, fc.integer({ min: 1, max: 12 }), (written, at, bytesMax) => {
        const bytes = bytesOf(written);
        const blocks = blocksOf(bytes, at, bytesMax);
        const longest = Math.max(0, ...linesOf(bytes).map(({ length }) => length));
        if (longest <= bytesMax) expect(blocks.every((block) => block.bytes !== null)).toBe(true);
        let offset = 0;
        for (const block of blocks) {
          expect(block.offset).toBe(offset);
          offset += block.length;
          const inFile = bytes.slice(block.offset, offset);
          if (block.bytes !== null) expect(block.bytes).toEqual(inFile);
          else {
            expect(linesOf(inFile)).toHaveLength(1);
            expect(inFile.length).toBeGreaterThan(bytesMax);
          }
        }
        expect(offset).toBe(bytes.length);
      }),
    );
  });

  it('are no text where they are not UTF-8; a byte order mark is part of it', () => {
    expect(utf8Text(Uint8Array.of(0xff))).toBeNull();
    expect(utf8Text(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\u{FEFF}a');
  });
});
