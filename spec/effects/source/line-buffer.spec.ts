import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineBuffer } from '../../../lib/effects/source/line-buffer.ts';

const encoder = new TextEncoder();
const line = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 40 }).map((text) => `${text}\n`),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `${text}\n`),
  // A surrogate that stands alone becomes the replacement character, whatever the next line begins
  // with.
  fc.constantFrom('\ud83d\n', '\ude00\n', '😀\n'),
  fc.nat({ max: 20_000 }).map((count) => `${'x'.repeat(count)}\n`),
  fc.nat({ max: 9_000 }).map((count) => `${'é'.repeat(count)}\n`),
);
const encoded = (
  lines: readonly string[],
): { readonly bytes: number[]; readonly lengths: number[] } => {
  const each = lines.map((text) => encoder.encode(text));
  return { bytes: each.flatMap((bytes) => [...bytes]), lengths: each.map((bytes) => bytes.length) };
};
const taken = (
  lines: readonly string[],
  count: number,
  replaced: ReadonlyMap<number, string>,
  capacity: number,
): unknown => {
  const buffer = createLineBuffer(capacity);
  for (const text of lines) buffer.push(text);
  const bytesBefore = buffer.byteCount;
  if (replaced.size > 0) buffer.replace(replaced);
  const { bytes, lengths } = buffer.take(count);
  if (replaced.size === 0) {
    const total = lines.reduce((sum, text) => sum + encoder.encode(text).length, 0);
    expect(buffer.byteCount).toBe(total);
    // What was not encoded yet is short.
    expect(total - bytesBefore).toBeLessThanOrEqual(2 * 16 * 1024);
  }
  return { bytes: [...bytes], lengths: [...lengths] };
};

describe('lines in a buffer', () => {
  it('are their UTF-8 bytes, with each one’s length', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.nat({ max: 12 }),
        fc.nat({ max: 100 }),
        (lines, first, capacity) => {
          const count = Math.min(first, lines.length);
          expect(taken(lines, count, new Map(), capacity)).toEqual(encoded(lines.slice(0, count)));
        },
      ),
    );
  });

  it('can be replaced, longer or shorter', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, fc.option(line)), { minLength: 1, maxLength: 12 }),
        (pairs) => {
          const replaced = new Map(
            pairs.flatMap(([, other], place) => (other === null ? [] : [[place, other] as const])),
          );
          const after = pairs.map(([text, other]) => other ?? text);
          expect(
            taken(
              pairs.map(([text]) => text),
              pairs.length,
              replaced,
              16,
            ),
          ).toEqual(encoded(after));
        },
      ),
    );
  });
});
