import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { RowChange } from '../../../lib/core/internal.ts';
import { breaches } from '../../support/core/histories.ts';
import { playHistory } from '../../support/core/play.ts';
import { foldRows, type Rows } from '../../support/core/row-table.ts';

const row = {
  itemId: 'x',
  charged: 0,
  uncharged: 0,
  batchNo: 0,
  dueAtMs: 0,
  bytes: 1,
  tokens: 1,
  sequence: 0,
  failure: null,
  sameAs: null,
} as const;
const rows: Rows = [
  { ...row, index: 0, status: 'pending' },
  { ...row, index: 1, status: 'submitted', batchNo: 1 },
  { ...row, index: 2, status: 'completed', batchNo: 1, sequence: 1 },
  { ...row, index: 3, status: 'queued_local', batchNo: 2 },
];
const line = (indexes: readonly number[]) => ({ indexes, offsets: indexes, lengths: indexes });

/** What the laws lean on: a table that lets wrong changes pass would prove nothing. */
describe('the table of rows refuses', () => {
  it.each<[string, RowChange]>([
    [
      'a claim of a row that is not pending',
      { type: 'claim', batchNo: 3, indexes: [0, 2], count: 2 },
    ],
    [
      'a claim of fewer rows than it says',
      { type: 'claim', batchNo: 3, indexes: [0, 1], count: 2 },
    ],
    ['a submit of more rows than the batch has', { type: 'submit', batchNo: 2, count: 2 }],
    ['a release of a batch that was sent', { type: 'release', batchNo: 1, count: 1 }],
    [
      'an outcome of another batch',
      { type: 'complete', batchNo: 2, object: 'o', lines: line([1]), sequenceFrom: 2 },
    ],
    [
      'a second outcome',
      { type: 'complete', batchNo: 1, object: 'o', lines: line([2]), sequenceFrom: 2 },
    ],
    [
      'one outcome twice',
      { type: 'complete', batchNo: 1, object: 'o', lines: line([1, 1]), sequenceFrom: 2 },
    ],
    ['a requeue of a row that does not wait', { type: 'requeue', indexes: [0] }],
    [
      'a failure of a row that does not exist',
      { type: 'fail_pending', indexes: [9], code: 0, sequenceFrom: 2, batchNo: 0 },
    ],
  ])('%s', (_name, change) => expect(isLeft(foldRows(rows, [change]))).toBe(true));

  it('the whole commit when its last change is wrong', () => {
    const good: RowChange = { type: 'claim', batchNo: 3, indexes: [0, 1], count: 1 };
    expect(isLeft(foldRows(rows, [good]))).toBe(false);
    expect(isLeft(foldRows(rows, [good, good]))).toBe(true);
    expect(rows[0]?.status).toBe('pending');
  });
});

describe('the search for breaches', () => {
  it('finds a planted one, and names the history that shows it', () => {
    const found = breaches([playHistory(7)], ({ events }) =>
      events.some((event) => event.type === 'RunCreated') ? 'planted' : null,
    );
    expect(found).toEqual([
      expect.stringMatching(/^playHistory\(7\) step \d+ CreateRun: planted$/),
    ]);
  });

  it('is not content with nothing to search', () => {
    expect(breaches([], () => null)).toEqual(['no step was checked']);
  });

  it('plays the same history for the same seed', () => {
    const historyOf = (seed: number): string =>
      JSON.stringify(playHistory(seed).steps.map(({ command, events }) => [command, events]));
    expect(historyOf(11)).toBe(historyOf(11));
    expect(historyOf(11)).not.toBe(historyOf(12));
  });
});
