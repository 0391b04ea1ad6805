import { retryAfterMsIn as askedWaitMs } from '../../http/retry-after.ts';
import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { readLineError } from '../answers/answer-error.ts';

/** OpenAI's error body, as far as it was one. */
export interface ApiError {
  readonly message: string;
  readonly type: string | null;
  readonly code: string | null;
}

// By shape, not by class: a client of the user's own may come from another copy of the SDK.
const property = (thrown: unknown, key: string): unknown =>
  typeof thrown === 'object' && thrown !== null
    ? (thrown as Record<string, unknown>)[key]
    : undefined;
const textOrNull = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** The HTTP status behind an error of the SDK; null when no answer came. */
export const statusIn = (thrown: unknown): number | null => {
  const status = property(thrown, 'status');
  return typeof status === 'number' && status > 0 ? status : null;
};

/** The body of the answer, as far as it was JSON. */
export const errorBodyIn = (thrown: unknown): unknown => property(thrown, 'error');

/** A page of a proxy says what it means in its title. */
const titleIn = (text: string): string =>
  /<title>([^<]{1,200})<\/title>/iu.exec(text)?.[1]?.trim() ?? text;

export const apiErrorIn = (thrown: unknown): ApiError => {
  const body = errorBodyIn(thrown);
  const error = isJsonObject(body) ? body : {};
  // Wrapped, as a text, or under another name: wherever a service puts its words.
  const lineError =
    isJsonObject(body) || typeof body === 'string' || Array.isArray(body)
      ? readLineError(body as JsonValue)
      : null;
  const fallback = titleIn(thrown instanceof Error ? thrown.message : String(thrown));
  return {
    message: textOrNull(error['message']) ?? lineError?.message ?? fallback,
    type: textOrNull(error['type']) ?? lineError?.type ?? null,
    code: textOrNull(error['code']) ?? lineError?.code ?? null,
  };
};

export const requestIdIn = (thrown: unknown): string | null =>
  textOrNull(property(thrown, 'requestID')) ?? textOrNull(header(thrown, 'x-request-id'));

/** How long the answer asks to wait; null when it names no time that can be read. */
export const retryAfterMsIn = (thrown: unknown): number | null =>
  askedWaitMs((name) => header(thrown, name));

const header = (thrown: unknown, name: string): string | null => {
  const headers = property(thrown, 'headers');
  if (headers instanceof Headers) return headers.get(name);
  return textOrNull(property(headers, name));
};
