import type { BatchRecord } from '../model/batch-record.ts';
import { gaveOutcome } from '../model/conservation.ts';
import { failureAction, type FailureClass } from '../values/failure.ts';
import { rankInIndexSet } from '../values/index-set.ts';
import type { ItemStatus } from '../model/item.ts';
import { classOfMissing } from './settle-rest.ts';

/** What became of a row in one batch that it was planned with. */
export type AttemptOutcome =
  | { readonly type: 'completed' }
  /** It went again, after a backoff. */
  | { readonly type: 'retried'; readonly failureClass: FailureClass; readonly isCharged: boolean }
  | { readonly type: 'failed'; readonly failureClass: FailureClass; readonly isCharged: boolean }
  /** The batch has given it no outcome so far. */
  | { readonly type: 'waiting' }
  /** The batch was never sent. */
  | { readonly type: 'released' };

/** A row as far as its outcomes go. */
export interface AttemptedRow {
  readonly index: number;
  readonly status: ItemStatus;
  readonly batchNo: number;
  /** The class of a row that failed for good; null otherwise. */
  readonly failureClass: FailureClass | null;
}

/**
 * The outcome that settlement gave the row, derived afterwards from the batch's lines (failures in
 * the order of the files, output first), and, where none does, by how the batch ended. Only a row's
 * last outcome is stored; the others follow from the files by the same rules.
 */
export const attemptOutcome = (
  record: BatchRecord,
  row: AttemptedRow,
  failures: readonly FailureClass[],
): AttemptOutcome => {
  if (record.state === 'dropped') {
    const isRefused = row.batchNo === record.batchNo && row.failureClass !== null;
    return isRefused
      ? { type: 'failed', failureClass: row.failureClass, isCharged: false }
      : { type: 'released' };
  }
  if (!gaveOutcome(record, row)) return { type: 'waiting' };
  const isLast = row.batchNo === record.batchNo;
  if (isLast && row.status === 'completed') return { type: 'completed' };
  const cause = failures[0] ?? classWithoutLine(record, row.index);
  const action = failureAction(cause);
  const isCharged = action === 'fail' || action === 'retry_charged';
  return isLast && row.failureClass !== null
    ? { type: 'failed', failureClass: row.failureClass, isCharged }
    : { type: 'retried', failureClass: cause, isCharged };
};

/**
 * As `decideSettleRest` has it: where there are no files, the rows count as the lines of the input
 * file do.
 */
const classWithoutLine = ({ ending, files, indexes }: BatchRecord, index: number): FailureClass => {
  if (ending === null) return 'missing_result';
  return classOfMissing(
    ending,
    !files?.output && !files?.error ? rankInIndexSet(indexes, index) + 1 : null,
  );
};
