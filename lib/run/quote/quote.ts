import type { TokenPrices } from '../../core/model/config.ts';

/** What a quote assumes and how exactly it counts. It needs no key and no store. */
export interface QuoteOptions {
  /**
   * Expected average output tokens per answer, with reasoning. Without it there is no expected
   * cost.
   */
  readonly outputTokensPerItem?: number;
  /** Counts the tokens of every row. Default: of a sample. */
  readonly exact?: boolean;
  /** Rows in the sample. Default 2,000. Smaller inputs are counted completely. */
  readonly sampleRows?: number;
  /** Seed of the sample. Default 1. */
  readonly seed?: number;
  /** Assumed hours per batch; the provider does not promise them. Default 1 to 24. */
  readonly batchHours?: { readonly from: number; readonly to: number };
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QuoteProgress) => void;
}

/** How far a quote has read: rows and bytes of their request lines. */
export interface QuoteProgress {
  readonly rows: number;
  readonly requestBytes: number;
}

/**
 * `never_reached`: the worst case is within the cap. `reached`: the best case exceeds it.
 * `unknown`: a price or an answer's bound is unknown. Neither of the first two occurs if input
 * tokens are an estimate.
 */
export interface QuotedCap {
  readonly usd: number;
  readonly verdict: 'never_reached' | 'may_be_reached' | 'reached' | 'unknown';
}

/** What a job would send and cost. Null means unknown, never zero. */
export interface Quote {
  readonly jobName: string;
  readonly model: string;
  readonly endpoint: string;
  /** Valid rows. Each is one request, unless rows share one. */
  readonly items: number;
  /** Rows that share an earlier row's request. The numbers below do not include them. */
  readonly sharedRows: number;
  /** Invalid rows, and the first errors. Under `badRows: 'fail'` a run pauses at the first. */
  readonly badRows: { readonly count: number; readonly messages: readonly string[] };
  /** Rows too large for any batch. They fail unsent. */
  readonly oversizedRows: number;
  readonly requestBytes: number;
  readonly inputTokens: {
    readonly expected: number;
    readonly min: number;
    readonly max: number;
    /**
     * Larger distance of `min` or `max` from `expected`, as a ratio; 0 if every row was counted.
     */
    readonly errorRatio: number;
    /** Every row was counted by an exact counter. The provider's bill may still differ slightly. */
    readonly isExact: boolean;
    /**
     * False: rows contain what cannot be counted (pictures, files, hosted tools, stored
     * conversations, unknown parameters), or the model's tokenizer is unknown. Tokens and costs are
     * estimates then.
     */
    readonly isBound: boolean;
    readonly countedRows: number;
    readonly counter: string;
  };
  readonly outputTokens: {
    readonly min: number;
    readonly expected: number | null;
    readonly max: number | null;
  };
  /** A run under an enqueue budget makes more, since capacity returns batch by batch. */
  readonly batches: number;
  /** Expected cost: every row answered once, nothing cached. */
  readonly costUsd: number | null;
  /**
   * Every row answered once. Minimum: all cached, one output token. Maximum: none cached, full
   * length.
   */
  readonly costRange: { readonly minUsd: number | null; readonly maxUsd: number | null };
  /** A cost cap of this size stops nothing if each row is answered once. Retries cost more. */
  readonly worstCaseUsd: number | null;
  readonly prices: TokenPrices | null;
  /** Effect of the job's cost cap; null: no cap. */
  readonly cap: QuotedCap | null;
  readonly queue: {
    /** Runs of this scope share the queue. A quote does not know how much others use. */
    readonly scope: string;
    readonly tokensMax: number | null;
    readonly requestsMax: number | null;
    /** How often the queue is filled. */
    readonly rounds: number;
  };
  /** Rounds times `assumedBatchHours`, or longer if creates are limited per hour. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly assumedBatchHours: { readonly from: number; readonly to: number };
  /** Warnings, one sentence each. */
  readonly warnings: readonly string[];
}
