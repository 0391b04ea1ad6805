import type { Answer } from './answer.ts';
import type { BlobStore } from './blobs.ts';
import type { FaultScript } from './faults.ts';
import type { ServiceLimits } from './limits.ts';

/**
 * The behaviour of the fake provider. Two providers with equal options that receive the same calls
 * at the same times return the same bytes.
 */
export interface FakeProviderOptions {
  /** Any integer (default 1). */
  readonly seed?: number;
  readonly faults?: FaultScript;
  /** From creation to the end of a batch (default 1 to 4 hours). */
  readonly turnaroundMs?: { readonly min: number; readonly max: number };
  /** Time in `validating`; at most a fifth of the turnaround (default one minute). */
  readonly validationMs?: number;
  /** Time in `finalizing`; at most a fifth of the turnaround (default five minutes). */
  readonly finalizingMs?: number;
  /** Input tokens that may be queued per model over all live batches (default no limit). */
  readonly enqueuedTokensMax?: number;
  /** Requests that may be queued per model over all live batches (default no limit). */
  readonly enqueuedRequestsMax?: number;
  /**
   * When a full queue is reported: the batch fails validation (default), or its create is rejected.
   */
  readonly queueIsFullAt?: 'validation' | 'create';
  /** Whether the message of a full queue states the limit (default true). */
  readonly statesQueueLimit?: boolean;
  /**
   * Whether an expired batch keeps, and bills, the requests that it had answered (default true).
   */
  readonly keepsPartialAnswers?: boolean;
  /**
   * The model. Default: an answer that depends on the prompt and satisfies the request's schema.
   */
  readonly answer?: Answer;
  /** Smaller limits for small tests (default OpenAI's). */
  readonly limits?: Partial<ServiceLimits>;
}

/** What the fake provider needs from its caller. */
export interface FakeProviderEnvironment {
  /** The provider's clock in milliseconds since 1970, which never goes back. */
  nowMs(): number;
  /** Stores file bytes (default in memory). */
  readonly blobs?: BlobStore;
}
