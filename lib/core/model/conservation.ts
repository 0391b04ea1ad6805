import type { BatchRecord } from './batch-record.ts';
import { countOfIndexSet } from '../values/index-set.ts';
import type { ItemStatus } from './item.ts';

/**
 * What conservation says, law by law, in the order in which they are proved: no row is lost, and
 * none counts twice.
 */
export const conservationLaws = {
  rows: 'rows are numbered without gaps, each item id stands once, and the statuses add up to the rows accepted',
  sequences: 'results are numbered from 1 without gaps, one for each row that has ended',
  lines:
    'the request line and the item line of each row lie where they are said to, and name the row',
  batches:
    'requests = completed + failed + retried (+ open, while live), and the raw files are whole and hold the answers of their own rows',
  answers:
    'each answer pointer is one whole line, which names the row, and is a success where the row is completed and nowhere else, unless its schema refuses it',
  attempts: 'each row has as many attempts, charged and uncharged, as batches gave it an outcome',
  objects: 'each stored object has the bytes that were put there, as far as it has checksums',
} as const;
/** The name of one conservation law, as `verify` reports it. */
export type ConservationLaw = keyof typeof conservationLaws;

/** How many rows name a batch as the one that settled or holds them, by what they are now. */
export interface RowsOfBatch {
  readonly completed: number;
  readonly failed: number;
  /** Planned into it, or sent with it, and without an outcome. */
  readonly open: number;
}

/** True while the batch that the row names holds it, without an outcome so far. */
export const isOpenItem = (status: ItemStatus): boolean =>
  status === 'queued_local' || status === 'submitted';

/**
 * Why a row cannot name this batch, or none (0); null when it can. `isShared`: its request was
 * another row's.
 */
export const assignmentError = (
  status: ItemStatus,
  batchNo: number,
  isShared: boolean,
): string | null => {
  if (isShared)
    return batchNo === 0 ? null : `an earlier row is sent for it, and it names batch ${batchNo}`;
  if (status === 'shared') return 'it is shared, and names no row that is sent for it';
  if (batchNo === 0)
    return isOpenItem(status) || status === 'completed'
      ? `it is ${status}, and names no batch`
      : null;
  return status === 'pending' || status === 'failed_retryable'
    ? `it is ${status}, and names batch ${batchNo}`
    : null;
};

/**
 * True when the batch gave the row, which it was planned with, an outcome: one attempt. A settled
 * batch gave every row one, a dropped one none; a live one has those behind it that it does not
 * hold any more. Rows that never were in a batch, bad rows and those that were cancelled or too
 * large before, have none.
 */
export const gaveOutcome = (
  { state, batchNo }: BatchRecord,
  row: { readonly status: ItemStatus; readonly batchNo: number },
): boolean =>
  state === 'settled' || (state === 'live' && !(isOpenItem(row.status) && row.batchNo === batchNo));

/**
 * What is wrong with a batch's counts, beside the rows that name it; null: nothing. `isLive`: the
 * snapshot holds it.
 */
export const faultOfRecord = (
  record: BatchRecord,
  rows: RowsOfBatch,
  isLive: boolean,
): string | null => {
  const { state, requests, completedCount, failedCount, retriedCount } = record;
  const planned = countOfIndexSet(record.indexes);
  if (planned !== requests)
    return `it was planned with ${planned} rows, and has ${requests} requests`;
  if (isLive !== (state === 'live'))
    return `it is ${state}, and the run ${isLive ? 'still has it' : 'has it no more'}`;
  if (rows.completed !== completedCount)
    return `${rows.completed} rows are completed by it, and it counts ${completedCount}`;
  // A dropped batch counts nothing; rows may name it whose lines the provider refused before it was
  // created.
  const refused = state === 'dropped' ? (record.ending?.rejection?.said.length ?? 0) : 0;
  if (rows.failed < failedCount || rows.failed > failedCount + refused)
    return `${rows.failed} rows failed with it, and it counts ${failedCount}`;
  const open = state === 'live' ? rows.open : 0;
  if (rows.open !== open) return `it is ${state}, and ${rows.open} rows are open in it`;
  const settled = completedCount + failedCount + retriedCount;
  const due = state === 'dropped' ? 0 : requests;
  if (settled + open === due) return null;
  return `${requests} requests, and ${completedCount} completed + ${failedCount} failed + ${retriedCount} retried + ${open} open = ${settled + open}`;
};
