import type { TokenPrices } from '../../core/model/config.ts';

export interface QuoteOptions {
  /** Output tokens of an answer that you expect on average, reasoning included: without it no cost is expected, only bounded. */
  readonly outputTokensPerItem?: number;
  /** Count the tokens of every row. Default: of a sample. */
  readonly exact?: boolean;
  /** Rows of the sample. Default 2,000; inputs of no more rows are counted whole. */
  readonly sampleRows?: number;
  /** Same seed, same sample. Default 1. */
  readonly seed?: number;
  /** Hours that one batch takes: an assumption, not a promise of the provider's. Default 1 to 24. */
  readonly batchHours?: { readonly from: number; readonly to: number };
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: QuoteProgress) => void;
}

export interface QuoteProgress {
  readonly rows: number;
  readonly requestBytes: number;
}

/**
 * `never_reached`: the worst case is within it; `reached`: even the best case is not; `unknown`: a price, or the bound of an answer, is. Where input tokens
 * are no bound, neither of the first two is ever said.
 */
export interface QuotedCap {
  readonly usd: number;
  readonly verdict: 'never_reached' | 'may_be_reached' | 'reached' | 'unknown';
}

/** What a job would send and cost. Null: unknown, which is never zero. */
export interface Quote {
  readonly jobName: string;
  readonly model: string;
  readonly endpoint: string;
  /** Rows that can be items: each is one request, but for those that share one. */
  readonly items: number;
  /** Rows that share the request of an earlier one, where duplicates are sent once: nothing of what follows is about them. */
  readonly sharedRows: number;
  /** Rows that cannot, and what is wrong with the first of them. Under `badRows: 'fail'` a run pauses at the first. */
  readonly badRows: { readonly count: number; readonly messages: readonly string[] };
  /** Rows that no batch may hold: they fail unsent. */
  readonly oversizedRows: number;
  readonly requestBytes: number;
  readonly inputTokens: {
    readonly expected: number;
    readonly min: number;
    readonly max: number;
    /** Half the width of that range, for what is expected; 0 where every row was counted. */
    readonly errorRatio: number;
    /** Every row was counted, by a counter that counts rather than bounds. What the provider bills may still differ a little. */
    readonly isExact: boolean;
    /** False: the counted rows hold what cannot be counted (pictures, files, hosted tools, stored conversations, unknown parameters), or the model's tokens are not known. These figures, and costs made from them, are estimates and bound nothing. */
    readonly isBound: boolean;
    readonly countedRows: number;
    readonly counter: string;
  };
  readonly outputTokens: { readonly min: number; readonly expected: number | null; readonly max: number | null };
  /** Under a budget of the queue a run makes some more: room comes back in pieces, not round by round. */
  readonly batches: number;
  /** What is expected: every row answered once, nothing cached. */
  readonly costUsd: number | null;
  /** Every row answered once: in the best case all of it cached and a token long, in the worst nothing cached and as long as may be. */
  readonly costRange: { readonly minUsd: number | null; readonly maxUsd: number | null };
  /** What a cost cap has to cover so that it stops nothing: each row answered once, at worst. Answers that fail and are asked for again come on top. */
  readonly worstCaseUsd: number | null;
  readonly prices: TokenPrices | null;
  /** What the job's cost cap would do; null: it has none. */
  readonly cap: QuotedCap | null;
  readonly queue: {
    /** Runs of one scope share this queue; nothing is known here of what the others hold. */
    readonly scope: string;
    readonly tokensMax: number | null;
    readonly requestsMax: number | null;
    /** How often it has to be filled. */
    readonly rounds: number;
  };
  /** Rounds, at so many hours each as was assumed. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly assumedBatchHours: { readonly from: number; readonly to: number };
  /** What somebody who decides by these figures should know, in sentences. */
  readonly warnings: readonly string[];
}
