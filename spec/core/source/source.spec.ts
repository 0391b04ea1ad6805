import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AcceptedSlice, duplicateIds, idOfBadRow } from '../../../lib/core/internal.ts';
import { accept, attempt, startRun, send } from '../../support/core/scenario.ts';

const slice = (change: Partial<AcceptedSlice> = {}): AcceptedSlice => ({
  fromIndex: 0,
  itemIds: ['a', 'b'],
  requestObject: 'r',
  itemObject: 'i',
  requestLengths: [5, 5],
  itemLengths: [1, 1],
  tokens: null,
  areTokensExact: false,
  inputs: null,
  badOffsets: [],
  sameAs: null,
  sharedTokens: 0,
  ...change,
});
const offer = (change: Partial<AcceptedSlice>) =>
  attempt(startRun(), {
    type: 'AcceptSlice',
    slice: slice(change),
    checkpoint: { nextIndex: 2, position: null, beforeLastPosition: null },
    isLast: false,
  }).rejection;

describe('a slice of the source', () => {
  it('is accepted where the one before ended', () => {
    expect(offer({})).toBeNull();
    expect(offer({ fromIndex: 1 })).toMatchObject({ type: 'stale_slice', expected: 0, given: 1 });
  });

  it.each<[string, Partial<AcceptedSlice>]>([
    ['no row', { itemIds: [], requestLengths: [], itemLengths: [] }],
    ['columns of different lengths', { requestLengths: [5] }],
    ['tokens of other rows', { tokens: [1] }],
    ['good rows and no request lines', { requestObject: null }],
    ['a bad row that is not in it', { badOffsets: [2] }],
    ['a bad row twice', { badOffsets: [0, 0], requestLengths: [0, 5] }],
    ['a bad row with a request line', { badOffsets: [1] }],
    ['a bad row with tokens', { badOffsets: [1], requestLengths: [5, 0], tokens: [1, 1] }],
  ])('with %s is refused', (_name, change) => {
    expect(offer(change)?.type).toBe('malformed_command');
  });

  it('is refused behind the last one', () => {
    const run = startRun();
    accept(run, [10]);
    const late = attempt(run, {
      type: 'AcceptSlice',
      slice: slice({ fromIndex: 1 }),
      checkpoint: { nextIndex: 3, position: null, beforeLastPosition: null },
      isLast: true,
    });
    expect(late.rejection?.type).toBe('stale_slice');
  });

  it('is still accepted when it arrives after a pause: its payload is written', () => {
    const run = startRun();
    send(run, { type: 'PauseRun', reason: 'manual', message: null });
    accept(run, [10]);
    expect(run.state.snapshot.totals.pending).toBe(1);
  });
});

describe('of rows with one id', () => {
  it('the first keeps it, in the slice and in the run', () => {
    expect(duplicateIds(['a', 'b', 'a', null, 'c', null], [0, 0, 0, 0, 1, 0])).toEqual([2, 4]);
  });

  it('exactly one keeps it, unless the run holds it already', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.constantFrom('a', 'b', 'c'))),
        fc.subarray(['a', 'b', 'c']),
        (ids, held) => {
          const duplicates = duplicateIds(
            ids,
            ids.map((id) => (id !== null && held.includes(id) ? 1 : 0)),
          );
          const kept = ids.filter((id, i) => id !== null && !duplicates.includes(i));
          expect(kept.toSorted()).toEqual(
            [...new Set(ids.filter((id) => id !== null && !held.includes(id)))].toSorted(),
          );
        },
      ),
    );
  });

  it('the others are named after their row number', () => {
    expect(idOfBadRow('rows.jsonl', 7)).toBe('row:rows.jsonl:7');
  });
});
