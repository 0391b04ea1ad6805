import type { RefusedId, RefusedLine } from '../core/model/batch.ts';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';

/** What the provider says against an input file. */
export interface InputRefusal {
  /** The file as a whole is larger than the service takes. */
  readonly isTooLarge: boolean;
  /** Its limit, where it states one. */
  readonly statedBytesMax: number | null;
  /** The lines that it names; empty: none. */
  readonly said: readonly RefusedLine[];
  /** Those that it names by their `custom_id`. Absent: none. */
  readonly ids?: readonly RefusedId[];
}

/**
 * What went wrong outside, as data: classified once, in the adapter. Messages hold no secret and no
 * payload.
 */
export type PortError =
  /**
   * A transient failure: unreachable, 408, 429 for rate, 5xx, a cut transfer. Retrying may help.
   */
  | {
      readonly type: 'transient';
      readonly message: string;
      readonly retryAfterMs: number | null;
      readonly cause: unknown;
    }
  /** The answer was lost: it may or may not have happened. Only `create` answers so. */
  | { readonly type: 'unclear'; readonly message: string; readonly cause: unknown }
  /** A definite rejection that is not about quota, key or timing. */
  | {
      readonly type: 'refused';
      readonly message: string;
      readonly statusCode: number | null;
      readonly requestId: string | null;
      /** Where an upload or a create is refused because of the input file itself. */
      readonly input?: InputRefusal;
    }
  | {
      readonly type: 'over_capacity';
      readonly message: string;
      /** The queue's limits, where the message states them. */
      readonly statedTokensMax: number | null;
      readonly statedRequestsMax: number | null;
    }
  | { readonly type: 'insufficient_quota'; readonly message: string }
  | {
      readonly type: 'authentication_failed';
      readonly message: string;
      /** The variable that would hold the key, where there is none. */
      readonly variable?: string;
    }
  | { readonly type: 'not_found'; readonly message: string }
  /**
   * Of `create`, a definite refusal: the input file is there, and the provider is not done with it.
   * Trying later helps.
   */
  | { readonly type: 'not_ready'; readonly message: string }
  /** The store has newer commits than expected. */
  | { readonly type: 'stale_version'; readonly expected: number; readonly found: number }
  /** Another process owns the run; `owner` says who, for people. */
  | { readonly type: 'owned_elsewhere'; readonly owner: string }
  /** This owner was replaced: it may neither commit nor create. */
  | { readonly type: 'lease_lost'; readonly owner: string | null }
  /**
   * Other runs of the quota scope use more than this decision assumed. Not committed; decide again.
   */
  | { readonly type: 'quota_taken'; readonly message: string }
  /**
   * A commit would have moved other rows than it claims, or stored bytes are not what was written.
   */
  | { readonly type: 'corrupt'; readonly message: string; readonly where: string }
  /** The store was written by a newer version of batchor. */
  | { readonly type: 'too_new'; readonly message: string }
  /** The payloads of the store lie under another root than the one given. */
  | { readonly type: 'other_root'; readonly message: string }
  /** The storage failed: disk full, no permission, connection lost. Nothing was acknowledged. */
  | { readonly type: 'unavailable'; readonly message: string; readonly cause: unknown };

/** What a port's operation answers: a value, or an error as data. It never rejects. */
export type Port<A> = TaskEither<PortError, A>;
