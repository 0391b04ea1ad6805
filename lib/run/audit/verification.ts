import type { BatchRecordState } from '../../core/model/batch-record.ts';
import type { ConservationLaw } from '../../core/model/conservation.ts';
import type { ItemTotals } from '../../core/model/item.ts';
import type { TokenUsage } from '../../core/values/usage.ts';

/** One conservation law, with its number of checks and violations. */
export interface VerifiedLaw {
  readonly law: ConservationLaw;
  /** The law as a sentence. */
  readonly says: string;
  readonly checkedCount: number;
  readonly brokenCount: number;
}

/** One batch, counted from the rows; retried rows from its record. */
export interface VerifiedBatch {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly providerBatchId: string | null;
  readonly state: BatchRecordState;
  readonly requestCount: number;
  /** Prompt tokens counted or estimated before sending, and the usage that its lines report. */
  readonly inputTokens: number;
  readonly usage: TokenUsage;
  readonly completedCount: number;
  readonly failedCount: number;
  readonly retriedCount: number;
  /** Rows without an outcome so far. */
  readonly openCount: number;
}

/** A violation of a law. Fields that are unknown or do not apply are null. */
export interface BrokenLaw {
  readonly law: ConservationLaw;
  readonly message: string;
  readonly batchNo: number | null;
  readonly batchKey: string | null;
  readonly itemIndex: number | null;
  readonly itemId: string | null;
}

/** The result of verifying that no row was lost or counted twice. */
export interface Verification {
  readonly runId: string;
  /** True when no law is broken. */
  readonly isSound: boolean;
  /** The verified version of the run. */
  readonly version: number;
  /** Counted rows. */
  readonly itemCount: number;
  readonly itemCounts: ItemTotals;
  /** In the order in which they are checked. */
  readonly laws: readonly VerifiedLaw[];
  readonly batches: readonly VerifiedBatch[];
  /** Data removed on purpose and so not checked. Of raw files, their compact lines were checked. */
  readonly pruned: { readonly areRequestsPruned: boolean; readonly rawFileCount: number };
  /**
   * Objects that were read; and those without checksums (earlier releases), where a change is
   * invisible.
   */
  readonly objects: { readonly count: number; readonly uncheckedCount: number };
  /**
   * Batches at the provider that are billed beside those of the run, as far as it knows: duplicate
   * batches, and batches that may be some.
   */
  readonly duplicates: {
    readonly providerBatchIds: readonly string[];
    /** Requests that ended ones answered. */
    readonly answeredCount: number;
    readonly undecidedIds: readonly string[];
  };
  /** The first violation of the first broken law; null: none. */
  readonly broken: BrokenLaw | null;
}

/** How `verify` reports its progress and is ended. */
export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called after each page. Starts from 0 again if the run changed meanwhile. */
  readonly onProgress?: (progress: {
    readonly checkedCount: number;
    readonly totalCount: number;
  }) => void;
}
