import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOfIndexSet,
  indexesOf,
  indexSetOf,
  isRunId,
  makeRunId,
} from '../../../lib/core/internal.ts';

describe('a run id of ours', () => {
  it('names the second as Date does, for any time from 1970 to 9999', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) }), (ms) => {
        const compact = `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
        expect(makeRunId(ms, '01234567')).toBe(`batchor_${compact}_01234567`);
      }),
      {
        numRuns: 2_000,
        examples: [
          [Date.UTC(2024, 1, 29)],
          [Date.UTC(2000, 1, 29, 23, 59, 59)],
          [Date.UTC(2100, 2, 1)],
          [Date.UTC(2026, 11, 31, 23, 59, 59)],
        ],
      },
    );
  });

  it('is a run id', () => {
    expect(isRunId(makeRunId(1_700_000_000_000, 'ab12cd34'))).toBe(true);
  });
});

describe('a run id', () => {
  it.each(['', '.hidden', '../up', 'a/b', 'a b', 'a'.repeat(121), 'ü', 'a\n'])(
    'is not %j',
    (text) => expect(isRunId(text)).toBe(false),
  );
  it.each(['a', '7', 'A.b-c_d', 'a'.repeat(120)])('is %j', (text) =>
    expect(isRunId(text)).toBe(true),
  );
});

describe('a set of indexes', () => {
  it('holds the indexes that it was made of, in their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
        const ascending = indexes.toSorted((a, b) => a - b);
        const set = indexSetOf(ascending);
        expect([...indexesOf(set)]).toEqual(ascending);
        expect(countOfIndexSet(set)).toBe(ascending.length);
      }),
    );
  });

  it('is two numbers for neighbours, however many', () => {
    expect(indexSetOf(Array.from({ length: 50_000 }, (_, i) => i + 7))).toEqual([7, 50_007]);
  });
});
