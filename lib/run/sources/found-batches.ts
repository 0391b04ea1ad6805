import type { AdoptedBatch } from '../../core/model/adopted.ts';

/** Batches that were created elsewhere, as they were found at the provider: what `adopt` makes a run of. Plain data. */
export interface FoundBatches {
  /** Of all their requests, in the adapter's spelling. */
  readonly endpoint: string;
  readonly model: string;
  readonly batches: readonly AdoptedBatch[];
}
