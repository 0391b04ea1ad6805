import type { Answer } from './answer.ts';
import type { BlobStore } from './blobs.ts';
import type { FaultScript } from './faults.ts';
import type { ServiceLimits } from './limits.ts';

/** How the fake provider behaves. Two providers with equal options that are asked the same at the same times give the same bytes. */
export interface FakeProviderOptions {
  /** Any whole number. Default 1. */
  readonly seed?: number;
  readonly faults?: FaultScript;
  /** From creation to the end of a batch. Default 1 to 4 hours. */
  readonly turnaroundMs?: { readonly min: number; readonly max: number };
  /** Time in `validating`; at most a fifth of the turnaround. Default one minute. */
  readonly validationMs?: number;
  /** Time in `finalizing`; at most a fifth of the turnaround. Default five minutes. */
  readonly finalizingMs?: number;
  /** Input tokens that may be queued per model over all live batches. Default no limit. */
  readonly enqueuedTokensMax?: number;
  /** The same of requests. Default no limit. */
  readonly enqueuedRequestsMax?: number;
  /** When a full queue is told of: the batch fails validation (default), or its create is refused. */
  readonly queueIsFullAt?: 'validation' | 'create';
  /** Whether the message of a full queue says how large it is. Default true. */
  readonly statesQueueLimit?: boolean;
  /** The model. Default: an answer that depends on the prompt and satisfies the request's schema. */
  readonly answer?: Answer;
  /** Smaller limits make small tests. Default OpenAI's. */
  readonly limits?: Partial<ServiceLimits>;
}

/** What the fake provider needs from its surroundings. */
export interface FakeProviderEnvironment {
  /** The provider's clock: milliseconds since 1970, never going back. */
  nowMs(): number;
  /** Where file bytes live. Default in memory. */
  readonly blobs?: BlobStore;
}
