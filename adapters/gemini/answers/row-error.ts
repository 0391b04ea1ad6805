import type { FailureClass } from '../../../lib/core/values/failure.ts';
import {
  passesByItself,
  saysBlocked,
  saysNotFetched,
  saysOutOfMoney,
  saysTooLong,
} from './error-words.ts';
import type { RpcStatus } from './rpc-status.ts';

/** What each code says of a row. */
const byName: Readonly<Record<string, FailureClass>> = {
  CANCELLED: 'batch_cancelled',
  UNKNOWN: 'server_error',
  INVALID_ARGUMENT: 'invalid_request',
  DEADLINE_EXCEEDED: 'request_timeout',
  NOT_FOUND: 'invalid_request',
  ALREADY_EXISTS: 'invalid_request',
  PERMISSION_DENIED: 'invalid_request',
  RESOURCE_EXHAUSTED: 'rate_limited',
  FAILED_PRECONDITION: 'invalid_request',
  ABORTED: 'server_error',
  OUT_OF_RANGE: 'invalid_request',
  UNIMPLEMENTED: 'invalid_request',
  INTERNAL: 'server_error',
  UNAVAILABLE: 'server_error',
  DATA_LOSS: 'server_error',
  UNAUTHENTICATED: 'invalid_request',
};

/** The same of a status of HTTP. */
const byStatus = (status: number): FailureClass => {
  if (status === 408 || status === 504) return 'request_timeout';
  if (status === 499) return 'batch_cancelled';
  if (status === 402) return 'insufficient_quota';
  if (status === 429) return 'rate_limited';
  if (status < 400 || status >= 500 || status === 409) return 'server_error';
  return 'invalid_request';
};

/**
 * What an error says of its row. Words count where the code says no more than that the request is
 * no good, and of money where the limit does not pass by itself.
 */
export const classOfRowError = (status: RpcStatus): FailureClass => {
  const { name, statusCode } = status;
  const coded =
    (name === null ? undefined : byName[name]) ??
    (statusCode === null ? 'server_error' : byStatus(statusCode));
  const mayBeMoney = coded === 'invalid_request' || coded === 'rate_limited';
  if (mayBeMoney && saysOutOfMoney(status) && !passesByItself(status)) return 'insufficient_quota';
  if (coded !== 'invalid_request') return coded;
  if (saysTooLong(status)) return 'context_too_long';
  if (saysNotFetched(status)) return 'input_not_fetched';
  return saysBlocked(status) ? 'content_filtered' : coded;
};

/** For people: the code's name, or the status, before the words. */
export const textOfStatus = ({ name, statusCode, message }: RpcStatus): string => {
  const label = name ?? (statusCode === null ? null : String(statusCode));
  return label === null ? message : `${label}: ${message}`;
};
