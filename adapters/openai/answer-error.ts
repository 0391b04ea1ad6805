import type { FailureClass } from '../../lib/core/failure.ts';
import { isJsonObject, type JsonValue } from '../../lib/core/json.ts';
import { isOutOfMoney } from './error-codes.ts';

/** An error as a line tells it, at its top or in the body of its response. */
export interface LineError {
  readonly code: string | null;
  readonly type: string | null;
  readonly message: string;
}

export const readLineError = (value: JsonValue | undefined): LineError => {
  if (typeof value === 'string' && value !== '') return { code: null, type: null, message: value };
  const error = isJsonObject(value) ? value : {};
  const text = (key: string): string | null => (typeof error[key] === 'string' && error[key] !== '' ? error[key] : null);
  return { code: text('code'), type: text('type'), message: text('message') ?? text('code') ?? 'no message' };
};

/** For answers that are no HTTP answers. The first three are OpenAI's documented ones (its published spec, 2025-04). */
const topLevel: Readonly<Record<string, FailureClass>> = {
  batch_expired: 'batch_expired',
  batch_cancelled: 'batch_cancelled',
  request_timeout: 'request_timeout',
  batch_canceled: 'batch_cancelled',
  rate_limit_exceeded: 'rate_limited',
  context_length_exceeded: 'context_too_long',
  content_policy_violation: 'content_filtered',
  content_filter: 'content_filtered',
};

export const classOfTopLevelError = ({ code, type }: LineError): FailureClass => {
  if (isOutOfMoney(code, type)) return 'insufficient_quota';
  return (code !== null && Object.hasOwn(topLevel, code) ? topLevel[code] : undefined) ?? 'server_error';
};

const tooLong: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'string_above_max_length',
  'max_tokens_exceeded',
  'array_above_max_length',
]);
const filtered: ReadonlySet<string> = new Set([
  'content_policy_violation',
  'content_filter',
  'invalid_prompt',
  'moderation_blocked',
  'cyber_policy_violation',
]);

/** For HTTP answers inside a line: by the status first, then by what the error says. */
export const classOfStatus = (statusCode: number, { code, type, message }: LineError): FailureClass => {
  if (statusCode === 408 || statusCode === 504) return 'request_timeout';
  if (statusCode < 400 || statusCode >= 500) return 'server_error';
  if (statusCode === 402 || isOutOfMoney(code, type)) return 'insufficient_quota';
  if (statusCode === 429) return 'rate_limited';
  if (statusCode === 409 || statusCode === 425) return 'server_error';
  if (code !== null && filtered.has(code)) return 'content_filtered';
  // Embeddings say it in words alone.
  if ((code !== null && tooLong.has(code)) || /maximum context length/iu.test(message)) return 'context_too_long';
  return 'invalid_request';
};
