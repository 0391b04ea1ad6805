import type { BatchRecordState } from '../../core/model/batch-record.ts';
import type { ConservationLaw } from '../../core/model/conservation.ts';
import type { ItemTotals } from '../../core/model/item.ts';
import type { TokenUsage } from '../../core/values/usage.ts';

/** One law of conservation, and how much was held to it. */
export interface VerifiedLaw {
  readonly law: ConservationLaw;
  /** The law in words. */
  readonly says: string;
  readonly checkedCount: number;
  readonly brokenCount: number;
}

/** One batch as it was counted: from the rows, but for those that were sent again. */
export interface VerifiedBatch {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly providerBatchId: string | null;
  readonly state: BatchRecordState;
  readonly requestCount: number;
  /** Prompt tokens as they were counted or estimated here, and what its lines say that it cost. */
  readonly inputTokens: number;
  readonly usage: TokenUsage;
  readonly completedCount: number;
  readonly failedCount: number;
  readonly retriedCount: number;
  /** Without an outcome so far. */
  readonly openCount: number;
}

/** Where a law is broken, and what was found there. What is null is not known, or not about one. */
export interface BrokenLaw {
  readonly law: ConservationLaw;
  readonly message: string;
  readonly batchNo: number | null;
  readonly batchKey: string | null;
  readonly itemIndex: number | null;
  readonly itemId: string | null;
}

/** What came of proving that no row was lost and none counts twice. */
export interface Verification {
  readonly runId: string;
  /** True when no law is broken. */
  readonly isSound: boolean;
  /** The version of the run that was looked at. */
  readonly version: number;
  /** Rows, as they were counted. */
  readonly itemCount: number;
  readonly itemCounts: ItemTotals;
  /** In the order in which they are proved. */
  readonly laws: readonly VerifiedLaw[];
  readonly batches: readonly VerifiedBatch[];
  /** What is not kept, on purpose, and so could not be looked at: request lines, and raw files, of which what their lines say was. */
  readonly pruned: { readonly areRequestsPruned: boolean; readonly rawFileCount: number };
  /** Objects that were read whole, and those among them that have no checksums, so that a changed byte would not show: the release before wrote none. */
  readonly objects: { readonly count: number; readonly uncheckedCount: number };
  /** The first of the first broken law; null: none is. */
  readonly broken: BrokenLaw | null;
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called after each page: how much of the run was looked at. Begins again where the run moved meanwhile. */
  readonly onProgress?: (progress: { readonly checkedCount: number; readonly totalCount: number }) => void;
}
