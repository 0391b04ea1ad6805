import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOfIndexSet,
  indexesOf,
  indexSetOf,
  rankInIndexSet,
} from '../../../lib/core/internal.ts';

describe('a set of indexes', () => {
  it('returns the indexes that it was made of, counts them, and knows the place of each', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
        const ascending = indexes.toSorted((a, b) => a - b);
        const set = indexSetOf(ascending);
        expect([...indexesOf(set)]).toEqual(ascending);
        expect(countOfIndexSet(set)).toBe(ascending.length);
        for (let index = 0; index <= 61; index += 1)
          expect(rankInIndexSet(set, index)).toBe(ascending.indexOf(index));
      }),
    );
  });
});
