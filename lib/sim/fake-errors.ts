import type { FailureClass } from '../core/values/failure.ts';
import { isJsonObject, type JsonValue } from '../core/json/json.ts';

/** The error of a result line of the fake, in any form. */
export interface FakeError {
  readonly code: string | null;
  readonly message: string;
}

/** The error in the body of the response, else at the top of the line. */
export const fakeErrorIn = (body: JsonValue | undefined, top: JsonValue | undefined): FakeError =>
  errorObjectIn(isJsonObject(body) ? body['error'] : body) ??
  errorObjectIn(top) ?? { code: null, message: 'no message' };

const errorObjectIn = (value: JsonValue | undefined): FakeError | null => {
  if (typeof value === 'string') return { code: null, message: value };
  if (!isJsonObject(value)) return null;
  const { code, message } = value;
  // Azure wraps an error in the message of another.
  if (isJsonObject(message)) return errorObjectIn(message['error']);
  if (isJsonObject(value['error'])) return errorObjectIn(value['error']);
  return typeof message === 'string'
    ? { code: typeof code === 'string' ? code : null, message }
    : null;
};

const classes: Readonly<Record<string, FailureClass>> = {
  batch_expired: 'batch_expired',
  batch_cancelled: 'batch_cancelled',
  request_timeout: 'request_timeout',
  insufficient_quota: 'insufficient_quota',
  context_length_exceeded: 'context_too_long',
  content_filter: 'content_filtered',
  failed_to_download_image: 'input_not_fetched',
  invalid_image_url: 'input_not_fetched',
};

/**
 * Classified by the code first, as in a real adapter. `statusCode` null: the line has no HTTP
 * answer.
 */
export const classOfFakeError = (
  statusCode: number | null,
  { code, message }: FakeError,
): FailureClass => {
  const known = code === null ? undefined : classes[code];
  if (known !== undefined) return known;
  if (/maximum context length/u.test(message)) return 'context_too_long';
  if (statusCode === null) return 'server_error';
  if (statusCode >= 200 && statusCode < 300) return 'malformed_result';
  if (statusCode === 408 || statusCode === 504) return 'request_timeout';
  if (statusCode === 429) return 'rate_limited';
  return statusCode < 400 || statusCode >= 500 || statusCode === 409 || statusCode === 425
    ? 'server_error'
    : 'invalid_request';
};
