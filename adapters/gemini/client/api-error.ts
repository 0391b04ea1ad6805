import { retryAfterMsIn } from '../../http/retry-after.ts';
import { readStatus, type RpcStatus } from '../answers/rpc-status.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';

/** An answer of the service with a status of error. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly rpc: RpcStatus;
  /** Of its `retry-after` header, else of `RetryInfo`; null: it names no time. */
  readonly retryAfterMs: number | null;
  readonly headers: Headers;
  constructor(status: number, body: string, headers: Headers) {
    const rpc = readStatus(body) ?? nothingSaid(body);
    super(rpc.message);
    this.status = status;
    this.rpc = rpc;
    this.headers = headers;
    this.retryAfterMs = retryAfterMsIn((name) => headers.get(name)) ?? rpc.retryAfterMs;
  }
}

const nothingSaid = (body: JsonValue): RpcStatus => ({
  name: null,
  statusCode: null,
  message: 'no message',
  detail: '',
  retryAfterMs: null,
  raw: body,
});

/** The HTTP status behind an error; null when no answer came. */
export const statusIn = (thrown: unknown): number | null =>
  thrown instanceof ApiError ? thrown.status : null;

/** A page of a proxy says what it means in its title. */
export const messageOf = ({ rpc }: ApiError): string =>
  /<title>([^<]{1,200})<\/title>/iu.exec(rpc.message)?.[1]?.trim() ?? rpc.message;

/**
 * True where a file or a batch is not there. The Files API answers 403 for what does not exist:
 * "You do not have permission to access the File … or it may not exist."
 */
export const isGone = (thrown: unknown): boolean =>
  thrown instanceof ApiError &&
  (thrown.status === 404 ||
    thrown.status === 410 ||
    (thrown.status === 403 && /\bmay not exist\b/iu.test(thrown.rpc.message)));
