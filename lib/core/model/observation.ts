import type {
  BatchEnding,
  BatchStage,
  CandidateBatch,
  NamedFiles,
  RefusedId,
  UnconfirmedCreate,
} from './batch.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';

/** What a provider says of batches: one by one, and in its list. */

/**
 * What the provider said of one batch: its status, counts, files and times (ms since the epoch, on
 * the provider's clock).
 */
export interface BatchObservation {
  readonly batchKey: BatchKey;
  readonly providerBatchId: ProviderBatchId;
  readonly providerStatus: string;
  /** Validated, and accepted by the queue. */
  readonly isAccepted: boolean;
  readonly progress: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
  } | null;
  /** Null while it is not over. */
  readonly ending: BatchEnding | null;
  /** What it does while it is not over. Absent: as `in_progress`. */
  readonly stage?: BatchStage;
  /**
   * Times on the provider's clock; absent or null: not reported. `statusSinceMs`: when its status
   * last changed.
   */
  readonly createdAtMs?: number | null;
  readonly expiresAtMs?: number | null;
  readonly statusSinceMs?: number | null;
  /**
   * The provider's clock as it said this; absent or null: not known. Its times are compared with
   * it, since our own clock may be wrong.
   */
  readonly providerNowMs?: number | null;
  /**
   * How long the provider asks to wait before it is asked again. Heeded up to the longest poll
   * interval of the run. Absent or null: it does not say.
   */
  readonly retryAfterMs?: number | null;
  /** Files that it names though it is not over. Absent: none. */
  readonly named?: NamedFiles;
  /**
   * Of a batch that is over: whether files are still to come that it does not name yet; batchor
   * then asks again. Absent: its counts say it, by the rule that a failed request is in an error
   * file.
   */
  readonly areFilesPending?: boolean;
  /**
   * Lines that a failed validation names by their ids. The engine finds their numbers before it
   * commits; `decide` passes over them.
   */
  readonly refusedIds?: readonly RefusedId[];
}

/** An unconfirmed create that one reading of the list is to answer. */
export interface UnconfirmedCreateQuery {
  readonly batchKey: BatchKey;
  readonly createAttempt: number;
  /** Null: the create carried its request lines. */
  readonly inputFileId: string | null;
  readonly stage: UnconfirmedCreate['stage'];
  /**
   * `doubt.sinceMs` when it was asked: the answer counts for that grace alone. Absent in questions
   * of earlier releases.
   */
  readonly sinceMs?: number;
  /** Its request lines; absent in questions of earlier releases. */
  readonly requests?: number;
  /** When the create was begun, by our clock; absent in questions of earlier releases. */
  readonly sentAtMs?: number;
  /** The newest batch in the list before the create; null or absent: none, or not known. */
  readonly newestBatchId?: ProviderBatchId | null;
  /**
   * True for a create that was sent again already: that the list does not show it proves nothing,
   * and needs no proof.
   */
  readonly isUnfenced?: boolean;
}

/**
 * A batch in the provider's list that may be an unconfirmed create's, where the list does not say
 * whose it is.
 */
export interface UndecidedBatch extends CandidateBatch {
  readonly providerStatus: string;
  /** Null while it is alive. */
  readonly ending: BatchEnding['type'] | null;
  /**
   * The `custom_id` of one of its results: whose it is. Null: it has none yet, or none could be
   * read.
   */
  readonly customId: string | null;
}

/** A batch that the provider's list holds under one of our keys, or over one of our input files. */
export interface SweptBatch {
  /** From its metadata; null where there is none. */
  readonly batchKey: BatchKey | null;
  /** From its metadata; 0 where there is none. */
  readonly createAttempt: number;
  readonly inputFileId: string | null;
  readonly providerBatchId: ProviderBatchId;
  readonly providerStatus: string;
  readonly createdAtMs: number | null;
  /** Null while it is alive. */
  readonly ending: BatchEnding['type'] | null;
}

/** What one reading of the provider's list shows, and what proves that the reading was whole. */
export interface SweepReport {
  readonly found: readonly SweptBatch[];
  /**
   * The input files asked about that this key can read, with the provider's own time of their
   * creation.
   */
  readonly files: readonly { readonly inputFileId: string; readonly createdAtMs: number | null }[];
  /** The list was read back to this moment of the provider's clock; null: to its end. */
  readonly readBackToMs: number | null;
  /**
   * True when it shows any batch of this very run: then key, project and address are the right
   * ones.
   */
  readonly isRunSeen: boolean;
  /**
   * Of the batches that were named as known, those that the list showed. A list that lacks one of
   * them is not the whole list.
   */
  readonly shown: readonly ProviderBatchId[];
  /**
   * Where only answers prove whose a batch is: those that may be one of the creates asked about, by
   * creation time and number of requests, and are not among the known ones. Absent: none.
   */
  readonly undecided?: readonly UndecidedBatch[];
}
