import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';

/** Google's error model (`google.rpc.Status`), wherever it stands. */
export interface RpcStatus {
  /** The name of the code, such as `INVALID_ARGUMENT`; null: none that is known. */
  readonly name: string | null;
  /** A status of HTTP that stands in place of the code; null: none. */
  readonly statusCode: number | null;
  readonly message: string;
  /** Reasons, quota ids and the like of its details, in one text for patterns. */
  readonly detail: string;
  /** From `RetryInfo`; null: it names no time. */
  readonly retryAfterMs: number | null;
  /** The object or text that held it, as it came. */
  readonly raw: JsonValue;
}

/** The codes of gRPC by number (google/rpc/code.proto). */
const codes: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** Services wrap errors in errors, and lists of them. */
const wrapsMax = 5;

/** The error in a value: an object, the same as JSON text, a wrapper of one, or a text. */
export const readStatus = (value: JsonValue | undefined): RpcStatus | null => {
  const found = holderOf(value, 0);
  if (found === null) return null;
  if (typeof found === 'string')
    return {
      name: null,
      statusCode: null,
      message: found,
      detail: '',
      retryAfterMs: null,
      raw: value ?? null,
    };
  const { code, status, message, details } = found;
  const number = typeof code === 'number' ? code : null;
  const named = typeof status === 'string' && codes.includes(status) ? status : null;
  const ofCode = typeof code === 'string' && codes.includes(code) ? code : null;
  return {
    name: named ?? ofCode ?? (number === null ? null : (codes[number] ?? null)),
    statusCode: number !== null && number >= 100 && number < 600 ? number : null,
    message: typeof message === 'string' && message.trim() !== '' ? message : 'no message',
    detail: detailOf(details),
    retryAfterMs: retryIn(details),
    raw: value ?? null,
  };
};

/** What holds the words. An empty text, and a code of 0 without words, say that all is well. */
const holderOf = (value: JsonValue | undefined, depth: number): JsonObject | string | null => {
  if (depth > wrapsMax) return null;
  if (typeof value === 'string') {
    if (value.trim() === '') return null;
    const parsed = /^\s*[{[]/u.test(value) ? parse(value) : null;
    return (parsed === null ? null : holderOf(parsed, depth + 1)) ?? value;
  }
  if (Array.isArray(value)) {
    for (const each of (value as readonly JsonValue[]).slice(0, 20)) {
      const found = holderOf(each, depth + 1);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isJsonObject(value)) return null;
  const inner = value['error'] === undefined ? null : holderOf(value['error'], depth + 1);
  if (inner !== null) return inner;
  const { code, status, message } = value;
  const says =
    (typeof code === 'number' && code !== 0) ||
    (typeof code === 'string' && code !== '' && code !== 'OK') ||
    (typeof status === 'string' && status !== '' && status !== 'OK') ||
    (typeof message === 'string' && message.trim() !== '');
  return says ? value : null;
};

const detailCharsMax = 8_000;

const detailOf = (details: JsonValue | undefined): string =>
  details === undefined || details === null || isTooDeep(details)
    ? ''
    : JSON.stringify(details).slice(0, detailCharsMax);

/** `retryDelay` of a `google.rpc.RetryInfo`: seconds with an s, such as `"37.5s"`. */
const retryIn = (details: JsonValue | undefined): number | null => {
  if (!Array.isArray(details)) return null;
  for (const each of details as readonly JsonValue[]) {
    const delay = isJsonObject(each) ? each['retryDelay'] : undefined;
    const seconds =
      typeof delay === 'string' ? /^(\d{1,7}(?:\.\d{1,9})?)s$/u.exec(delay.trim())?.[1] : undefined;
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return null;
};

const parse = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
};
