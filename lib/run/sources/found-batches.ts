import type { AdoptedBatch } from '../../core/model/adopted.ts';

/** Existing batches, as read from the provider. Input of `adopt`; plain data. */
export interface FoundBatches {
  /** The endpoint of all their requests, in the adapter's spelling. */
  readonly endpoint: string;
  readonly model: string;
  readonly batches: readonly AdoptedBatch[];
}
