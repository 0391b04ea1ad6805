/** What one batch of a provider may hold. */
export interface ProviderLimits {
  readonly requestsMax: number;
  readonly inputBytesMax: number;
  /** Prompt tokens in one batch; null where only the queue is limited. */
  readonly inputTokensMax: number | null;
  /**
   * Inputs over all requests of a batch, where a request may hold several (embeddings); null: not
   * limited.
   */
  readonly inputsMax: number | null;
  /** Batches that may be created in an hour; null: not limited. */
  readonly createsPerHourMax: number | null;
}

/** What one batch may hold, with the job's own limits applied. */
export interface BatchLimits {
  readonly requestsMax: number;
  readonly inputBytesMax: number;
  /** Of one request line; null or absent: no more than the batch's. */
  readonly lineBytesMax?: number | null;
  /** Infinity-free: null means no limit. */
  readonly inputTokensMax: number | null;
  readonly inputsMax: number | null;
  /**
   * What refusals taught of the service's files: several requests stay below it, one alone may pass
   * it. Null or absent: nothing.
   */
  readonly learnedBytesMax?: number | null;
}

/** Rows that one command may carry: a slice. Bounds the work and the memory of every step. */
export const sliceRowsMax = 10_000;
/** Batches that are planned or uploaded but not created: how far uploads may run ahead. */
export const unsentBatchesMax = 4;
/** No new create while so many are unconfirmed. */
export const unconfirmedCreatesMax = 4;
