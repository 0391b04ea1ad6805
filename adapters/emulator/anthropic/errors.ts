import type { ServerResponse } from 'node:http';
import type { Refused } from '../../../lib/sim/provider/index.ts';

/** Types of errors by status (errors page of the API reference, 2026-11). */
const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The type of an error with this status, on a call and on a line. */
export const errorTypeOf = (statusCode: number): string =>
  types[statusCode] ?? (statusCode >= 500 ? 'api_error' : 'invalid_request_error');

/** An account without credit is answered 402 here; OpenAI says 429. */
const statusOf = ({ statusCode, error }: Refused): number =>
  error.code === 'insufficient_quota' ? 402 : statusCode;

/** The body and the status of a rejection, as Anthropic writes them. */
export const errorOf = (
  refusal: Refused,
  requestId: string,
): { readonly statusCode: number; readonly body: object } => {
  const statusCode = statusOf(refusal);
  return {
    statusCode,
    body: {
      type: 'error',
      error: { type: errorTypeOf(statusCode), message: refusal.error.message },
      request_id: requestId,
    },
  };
};

/** Sends a rejection. */
export const sendError = (response: ServerResponse, refusal: Refused): void => {
  const { statusCode, body } = errorOf(refusal, String(response.getHeader('request-id') ?? ''));
  if (refusal.retryAfterMs !== null)
    response.setHeader('retry-after', String(Math.ceil(refusal.retryAfterMs / 1000)));
  sendBody(response, statusCode, body);
};

/** Sends JSON without blanks, chunked, as recorded in August 2026. */
export const sendBody = (response: ServerResponse, statusCode: number, body: unknown): void => {
  response.writeHead(statusCode, { 'content-type': 'application/json' });
  // Two writes, since a single one would set content-length.
  response.write(JSON.stringify(body));
  response.end();
};
