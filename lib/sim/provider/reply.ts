import type { ApiError } from './wire.ts';

/** The reply of the fake provider: an answer, a rejection as data, or no answer. */
export type Reply<A> = Done<A> | Refused | ReplyLost;

/** A call that succeeded. */
export interface Done<A> {
  readonly type: 'done';
  readonly value: A;
}

/** An HTTP-level rejection in OpenAI's shape. */
export interface Refused {
  readonly type: 'refused';
  readonly statusCode: number;
  readonly error: ApiError;
  readonly retryAfterMs: number | null;
}

/** The connection broke before an answer: the caller cannot know whether anything happened. */
export interface ReplyLost {
  readonly type: 'reply_lost';
  /** The answer that begins and does not end; absent: none began. */
  readonly broken?: {
    readonly manner: 'stalls' | 'drips';
    readonly reply: Done<unknown> | Refused;
  };
}

export const done = <A>(value: A): Done<A> => ({ type: 'done', value });

export const replyLost: ReplyLost = { type: 'reply_lost' };

/** The reply when its body does not end. */
export const broken = (manner: 'stalls' | 'drips', reply: Reply<unknown>): ReplyLost =>
  reply.type === 'reply_lost' ? reply : { type: 'reply_lost', broken: { manner, reply } };

/** True when the operation was performed, whether or not its answer arrives. */
export const isDone = (reply: Reply<unknown>): boolean =>
  reply.type === 'done' || (reply.type === 'reply_lost' && reply.broken?.reply.type === 'done');

/** A rejection with the given status; `type` defaults to `invalid_request_error`. */
export const refused = (
  statusCode: number,
  message: string,
  more: {
    readonly type?: string;
    readonly param?: string | null;
    readonly code?: string | null;
    readonly retryAfterMs?: number;
  } = {},
): Refused => ({
  type: 'refused',
  statusCode,
  error: {
    message,
    type: more.type ?? 'invalid_request_error',
    param: more.param ?? null,
    code: more.code ?? null,
  },
  retryAfterMs: more.retryAfterMs ?? null,
});
