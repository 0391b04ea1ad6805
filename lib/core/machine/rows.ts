import type { AcceptedSlice, Column, LineColumns } from '../model/command.ts';
import type { Event, FailedRows, RetriedRows } from '../model/event.ts';
import type { IndexSet } from '../values/index-set.ts';

/**
 * What an event does to item rows, for any store: conditional on the from-status, all rows or none.
 * A store refuses a commit that would move fewer rows than it claims.
 */
export type RowChange =
  /**
   * New rows `slice.fromIndex…`: pending, but failed_permanent (`invalid_row`) at `badOffsets`,
   * with results from `sequenceFrom`, and shared where `sameAs` names a row.
   */
  | { readonly type: 'insert'; readonly slice: AcceptedSlice; readonly sequenceFrom: number }
  /** pending → queued_local in `batchNo`. */
  | {
      readonly type: 'claim';
      readonly batchNo: number;
      readonly indexes: IndexSet;
      readonly count: number;
    }
  /** queued_local → submitted: every row of the batch. */
  | { readonly type: 'submit'; readonly batchNo: number; readonly count: number }
  /** queued_local → pending: every row of the batch. */
  | { readonly type: 'release'; readonly batchNo: number; readonly count: number }
  /**
   * submitted in `batchNo` → completed, one more charged attempt; results from `sequenceFrom` in
   * line order.
   */
  | {
      readonly type: 'complete';
      readonly batchNo: number;
      readonly object: string;
      readonly lines: LineColumns;
      readonly sequenceFrom: number;
    }
  /** submitted in `batchNo` → failed_permanent, one more attempt (charged or not). */
  | {
      readonly type: 'fail';
      readonly batchNo: number;
      readonly outputObject: string | null;
      readonly errorObject: string | null;
      readonly rows: FailedRows;
      readonly sequenceFrom: number;
    }
  /**
   * submitted in `batchNo` → failed_retryable until `dueAtMs`, one more attempt (charged or not).
   */
  | { readonly type: 'retry'; readonly batchNo: number; readonly rows: RetriedRows }
  /** failed_retryable → pending. */
  | { readonly type: 'requeue'; readonly indexes: Column }
  /** pending → failed_permanent without an attempt. */
  | {
      readonly type: 'fail_pending';
      readonly indexes: Column;
      readonly code: number;
      readonly sequenceFrom: number;
      /** Number of the dropped batch whose refusal is the reason; 0: none. */
      readonly batchNo: number;
    }
  /**
   * shared → completed (`codes` null) or failed_permanent, without an attempt: each as the row that
   * its `sameAs` names, whose result is `of`.
   */
  | {
      readonly type: 'share';
      readonly indexes: Column;
      readonly of: Column;
      readonly codes: Column | null;
      readonly sequenceFrom: number;
    };

/** The row changes of the events, in order. Law: stored rows = fold of these. */
export const applyToRows = (events: readonly Event[]): readonly RowChange[] =>
  events.flatMap(rowChangesOf);

const rowChangesOf = (event: Event): readonly RowChange[] => {
  switch (event.type) {
    case 'ItemsAccepted':
      return [{ type: 'insert', slice: event.slice, sequenceFrom: event.sequenceFrom }];
    case 'BatchPlanned':
      return [
        { type: 'claim', batchNo: event.batchNo, indexes: event.indexes, count: event.requests },
      ];
    case 'BatchCreated':
      return [{ type: 'submit', batchNo: event.batchNo, count: event.requests }];
    case 'BatchDropped':
      return [{ type: 'release', batchNo: event.batchNo, count: event.requests }];
    case 'ItemsCompleted':
      return event.lines.indexes.length === 0
        ? []
        : [
            {
              type: 'complete',
              batchNo: event.batchNo,
              object: event.object,
              lines: event.lines,
              sequenceFrom: event.sequenceFrom,
            },
          ];
    case 'ItemsSettled': {
      const changes: RowChange[] = [];
      const { batchNo, outputObject, errorObject, sequenceFrom } = event;
      if (event.failed.indexes.length > 0)
        changes.push({
          type: 'fail',
          batchNo,
          outputObject,
          errorObject,
          rows: event.failed,
          sequenceFrom,
        });
      if (event.retried.indexes.length > 0)
        changes.push({ type: 'retry', batchNo, rows: event.retried });
      return changes;
    }
    case 'ItemsRequeued':
      return [{ type: 'requeue', indexes: event.indexes }];
    case 'PendingFailed':
      return [
        {
          type: 'fail_pending',
          indexes: event.indexes,
          code: event.code,
          sequenceFrom: event.sequenceFrom,
          batchNo: 0,
        },
      ];
    case 'LinesDropped': {
      const { indexes, code, sequenceFrom, batchNo } = event;
      return [{ type: 'fail_pending', indexes, code, sequenceFrom, batchNo }];
    }
    case 'SharedCompleted':
    case 'SharedFailed': {
      const { indexes, of, sequenceFrom } = event;
      return indexes.length === 0
        ? []
        : [
            {
              type: 'share',
              indexes,
              of,
              codes: event.type === 'SharedFailed' ? event.codes : null,
              sequenceFrom,
            },
          ];
    }
    default:
      return [];
  }
};
