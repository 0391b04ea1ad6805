import type { BatchRecord } from '../core/model/batch-record.ts';
import type { Event } from '../core/model/event.ts';
import type { RunId } from '../core/values/ids.ts';
import type { StoredRunEvent } from '../core/machine/run-event.ts';
import type { RunSnapshot } from '../core/model/snapshot.ts';
import type { RowPage, RowPart, RowQuery } from '../ports/row-query.ts';
import { rowPage } from './row-parts.ts';
import { nothingStored, RunModel } from './run-model.ts';

/**
 * One run in memory: the fold of its events, for stores that keep the events and let the fold
 * answer. About 10 bytes a row for its state, and about 20 for its lines.
 */
export interface RunRows {
  readonly snapshot: RunSnapshot;
  /**
   * Folds the events of one commit. Null: done. A text says what does not fit, and then nothing has
   * changed: a row that is not in the state that the events expect, or an id that is taken.
   */
  fold(events: readonly Event[]): string | null;
  /** Answers the row query of the port. Throws nothing; its columns are the caller's. */
  rows<P extends RowPart>(query: RowQuery<P>): RowPage<P>;
  /** Batch records from a batch number on (they count from 1), at most `limit`. */
  batches(fromBatchNo: number, limit: number): readonly BatchRecord[];
  /** Run events after a sequence, at most `limit`. */
  eventsAfter(sequence: number, limit: number): readonly StoredRunEvent[];
}

/** A run before its first event. */
export const createRunRows = (runId: RunId): RunRows => {
  const model = new RunModel(runId, nothingStored);
  return {
    get snapshot() {
      return model.snapshot;
    },
    fold: (events) => model.fold(events, true),
    rows: (query) => rowPage(model, query),
    batches: (fromBatchNo, limit) => model.records.from(fromBatchNo, limit),
    eventsAfter: (sequence, limit) =>
      model.freshEvents.filter((event) => event.sequence > sequence).slice(0, limit),
  };
};
