import type { BatchEnding, StoredFile } from './batch.ts';
import type { Event } from './event.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';
import type { IndexSet } from '../values/index-set.ts';
import { addUsage, emptyUsage, type TokenUsage } from '../values/usage.ts';

/** Every state of a batch record: `live` until its rows are settled or released. */
export const batchRecordStates = ['live', 'settled', 'dropped'] as const;
/**
 * What a batch is in its record: `live`, then `settled` (every row has an outcome) or `dropped`
 * (its rows were released).
 */
export type BatchRecordState = (typeof batchRecordStates)[number];

/**
 * What is remembered of a batch for ever: which rows it was planned with, what it was at the
 * provider, how it ended, what became of its rows. The snapshot drops a batch that is over; this
 * record stays, as proof that no row was lost.
 */
export interface BatchRecord {
  /** Counts from 1 in the run, without gaps. */
  readonly batchNo: number;
  readonly batchKey: BatchKey;
  readonly state: BatchRecordState;
  /** The rows that it was planned with. */
  readonly indexes: IndexSet;
  readonly requests: number;
  /** The last create that was begun: 0 before the first. */
  readonly createAttempt: number;
  /**
   * The input file of the last upload; null until it is uploaded, and once its create was given up.
   */
  readonly inputFileId: string | null;
  readonly providerBatchId: ProviderBatchId | null;
  /** The provider's last status, verbatim. */
  readonly providerStatus: string | null;
  readonly ending: BatchEnding | null;
  readonly files: { readonly output: StoredFile | null; readonly error: StoredFile | null } | null;
  /** Prompt tokens as they were counted or estimated when it was planned. */
  readonly inputTokens: number;
  /** What its lines say that it cost. */
  readonly usage: TokenUsage;
  readonly completedCount: number;
  readonly failedCount: number;
  readonly retriedCount: number;
}

/**
 * The batch's record after the event; null before its first. Events of other batches, and all
 * others, change nothing.
 */
export const recordAfter = (record: BatchRecord | null, event: Event): BatchRecord | null => {
  if (event.type === 'BatchPlanned') {
    const { batchNo, batchKey, indexes, requests, inputTokens } = event;
    return { ...unsent, batchNo, batchKey, indexes, requests, inputTokens };
  }
  if (record === null || !('batchKey' in event) || event.batchKey !== record.batchKey)
    return record;
  switch (event.type) {
    case 'BatchUploaded':
      return { ...record, inputFileId: event.inputFileId };
    case 'CreateBegun':
      return { ...record, createAttempt: event.createAttempt };
    case 'BatchReplanned':
      return { ...record, inputFileId: null };
    case 'BatchCreated':
      return {
        ...record,
        providerBatchId: event.providerBatchId,
        providerStatus: event.providerStatus,
      };
    case 'BatchObserved':
      return { ...record, providerStatus: event.providerStatus };
    case 'BatchEnded':
    case 'BatchGivenUp':
      return { ...record, providerStatus: event.providerStatus, ending: event.ending };
    case 'FilesStored':
      return { ...record, files: { output: event.output, error: event.error } };
    case 'ItemsCompleted':
      return {
        ...record,
        completedCount: record.completedCount + event.lines.indexes.length,
        usage: addUsage(record.usage, event.usage),
      };
    case 'ItemsSettled':
      return {
        ...record,
        failedCount: record.failedCount + event.failed.indexes.length,
        retriedCount: record.retriedCount + event.retried.indexes.length,
      };
    case 'BatchSettled':
      return { ...record, state: 'settled' };
    case 'BatchDropped':
      return { ...record, state: 'dropped' };
    case 'LinesRefused':
      return {
        ...record,
        ending: {
          type: 'rejected',
          outputFileId: null,
          errorFileId: null,
          rejection: event.rejection,
        },
      };
    default:
      return record;
  }
};

const unsent: Omit<BatchRecord, 'batchNo' | 'batchKey' | 'indexes' | 'requests' | 'inputTokens'> = {
  state: 'live',
  createAttempt: 0,
  inputFileId: null,
  providerBatchId: null,
  providerStatus: null,
  ending: null,
  files: null,
  usage: emptyUsage,
  completedCount: 0,
  failedCount: 0,
  retriedCount: 0,
};

/**
 * The records that the events change, by batch key, as they are after them; `find` knows them as
 * they were before. O(events): a store that keeps every record by its batch number need not know
 * which event changes what.
 */
export const recordsAfter = (
  find: (batchKey: BatchKey) => BatchRecord | undefined,
  events: readonly Event[],
): ReadonlyMap<BatchKey, BatchRecord> => {
  const changed = new Map<BatchKey, BatchRecord>();
  for (const event of events) {
    if (!('batchKey' in event)) continue;
    const before = changed.get(event.batchKey) ?? find(event.batchKey) ?? null;
    const after = recordAfter(before, event);
    if (after !== null && after !== before) changed.set(event.batchKey, after);
  }
  return changed;
};
