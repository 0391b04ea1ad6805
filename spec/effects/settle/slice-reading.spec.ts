import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LineVerdict } from '../../../lib/ports/provider.ts';
import { createLineColumns, createLinesKept } from '../../../lib/effects/settle/line-columns.ts';
import { createSliceReading, readColumns } from '../../../lib/effects/settle/slice-reading.ts';

const usage = { inputTokens: 3, cachedInputTokens: 1, outputTokens: 5, reasoningTokens: 2 };
const verdictOf = (kind: string): LineVerdict => {
  if (kind === 'malformed') return { type: 'malformed' };
  if (kind === 'failed')
    return { type: 'failed', customId: 'x', failureClass: 'rate_limited', usage: null };
  return { type: 'succeeded', customId: 'x', usage: kind === 'reported' ? usage : null };
};

describe('a file that was read while it was downloaded', () => {
  it('gives the same slices wherever they begin and end, each line once', () => {
    const lines = fc.array(
      fc.tuple(
        fc.constantFrom('reported', 'unreported', 'failed', 'malformed'),
        fc.integer({ min: -1, max: 30 }),
        fc.nat(9),
      ),
      {
        maxLength: 600,
      },
    );
    fc.assert(
      fc.property(
        lines,
        fc.integer({ min: 1, max: 700 }),
        fc.nat(30),
        (drawn, rowsMax, itemCount) => {
          const columns = createLineColumns();
          let bytes = 0;
          const placed = drawn.map(([kind, index, blanks]) => {
            const line = { kind, index, offset: bytes + blanks };
            columns.add(line.offset, 7, index < 0 ? null : index, verdictOf(kind));
            bytes = line.offset + 8;
            return line;
          });
          const read = {
            answers: [] as number[][],
            notes: [] as number[],
            malformed: 0,
            unknown: 0,
            outputTokens: 0,
          };
          let slices = 0;
          for (let from = 0; from < bytes;) {
            const slice = createSliceReading('error', bytes);
            readColumns(slice, columns, from, rowsMax, itemCount);
            read.answers.push(
              ...slice.indexes.map((index, i) => [
                index,
                slice.offsets[i] ?? -1,
                slice.lengths[i] ?? -1,
              ]),
            );
            read.notes.push(...slice.notes.keys());
            read.malformed += slice.malformedCount;
            read.unknown += slice.unknownCount;
            read.outputTokens += slice.usage.outputTokens;
            slices += 1;
            expect(slice.isEndOfFile).toBe(slice.toOffset === bytes);
            from = slice.toOffset;
          }
          expect(slices).toBe(Math.ceil(drawn.length / rowsMax));
          const known = placed.filter(
            ({ kind, index }) => kind !== 'malformed' && index >= 0 && index < itemCount,
          );
          expect(read.answers).toEqual(
            known
              .filter(({ kind }) => kind !== 'failed')
              .map(({ index, offset }) => [index, offset, 7]),
          );
          expect(new Set(read.notes)).toEqual(
            new Set(known.filter(({ kind }) => kind === 'failed').map(({ index }) => index)),
          );
          const malformed = placed.filter(({ kind }) => kind === 'malformed').length;
          expect([read.malformed, read.unknown]).toEqual([
            malformed,
            placed.length - malformed - known.length,
          ]);
          expect(read.outputTokens).toBe(
            5 * known.filter(({ kind }) => kind === 'reported').length,
          );
        },
      ),
    );
  });

  it('is forgotten, the oldest first, where more is kept than fits', () => {
    const many = createLineColumns();
    for (let line = 0; line < 150_000; line += 1) many.add(line, 1, line, { type: 'malformed' });
    const kept = createLinesKept();
    ['a', 'b', 'c'].forEach((object) => kept.keep(object, many));
    expect(['a', 'b', 'c'].map((object) => kept.of(object) !== null)).toEqual([false, true, true]);
    kept.forget('b');
    kept.keep('d', many);
    expect(['b', 'c', 'd'].map((object) => kept.of(object) !== null)).toEqual([false, true, true]);
  });
});
