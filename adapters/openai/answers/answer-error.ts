import { STATUS_CODES } from 'node:http';
import { type RefusedLineClass, refusedLineClasses } from '../../../lib/core/model/batch.ts';
import type { FailureClass } from '../../../lib/core/values/failure.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import { isOutOfMoney, plainCode, saysOutOfMoney } from '../client/error-codes.ts';

/** An error as a provider tells it, wherever it put it. */
export interface LineError {
  readonly code: string | null;
  readonly type: string | null;
  readonly param: string | null;
  readonly message: string;
  /** A status of HTTP that stands where others put a code (vLLM, LiteLLM). */
  readonly statusCode: number | null;
  /** The object or text that held it, as it came. */
  readonly raw: JsonValue;
}

/**
 * Services wrap errors in errors: Azure in `error.message.error`, gateways once more around that.
 */
const wrapsMax = 5;

/**
 * The error in a value: an object with words, the same as a text of JSON, an object that wraps one,
 * or a text. Null where there are no words. Seen: OpenAI's `{message, type, param, code}`; Azure's
 * `{code: null, message: {error: {…}}}` and `innererror`; vLLM's and SGLang's `{object: "error",
 * message, code: 400}`; FastAPI's `{detail}`; Anthropic's `{type: "error", error: {…}}`.
 */
export const readLineError = (value: JsonValue | undefined): LineError | null => {
  const found = wordsIn(value, 0);
  return found === null ? null : { ...found, raw: value ?? null };
};

/**
 * The better of what a response and its line tell: a reason phrase of HTTP alone ("Bad Request")
 * says less than any other words.
 */
export const clearerError = (
  stated: LineError | null,
  beside: LineError | null,
): LineError | null =>
  stated === null || (beside !== null && isReasonAlone(stated) && !isReasonAlone(beside))
    ? beside
    : stated;

const reasons: ReadonlySet<string> = new Set(
  Object.values(STATUS_CODES).map((reason) => plainCode(reason ?? '')),
);

const isReasonAlone = ({ code, message }: LineError): boolean =>
  (code === null || reasons.has(plainCode(code))) && reasons.has(plainCode(message));

type Words = Omit<LineError, 'raw'>;

const wordsIn = (value: JsonValue | undefined, depth: number): Words | null => {
  if (depth > wrapsMax) return null;
  if (typeof value === 'string') return ofText(value, depth);
  if (Array.isArray(value))
    return firstIn((value as readonly JsonValue[]).slice(0, entriesMax), depth);
  if (!isJsonObject(value)) return null;
  const own = ofObject(value, depth);
  for (const key of [
    'error',
    'message',
    'detail',
    'errors',
    'innererror',
    'inner_error',
    'base_resp',
  ]) {
    const inside =
      typeof value[key] === 'object'
        ? (wordsIn(value[key], depth + 1) ?? ofFields(value[key], depth))
        : null;
    if (inside !== null) return merged(own, inside);
  }
  return own ?? (typeof value['error'] === 'string' ? wordsIn(value['error'], depth + 1) : null);
};

/** Of a list of errors that may hold nulls. */
const entriesMax = 100;

const firstIn = (values: readonly JsonValue[], depth: number): Words | null => {
  for (const each of values) {
    const found = wordsIn(each, depth + 1);
    if (found !== null) return found;
  }
  return null;
};

/**
 * ASP.NET's `errors: {model: ["The model field is required."]}`: words under the name of a field.
 */
const ofFields = (value: JsonValue | undefined, depth: number): Words | null => {
  if (!isJsonObject(value)) return null;
  for (const [field, stated] of Object.entries(value).slice(0, entriesMax)) {
    const found = Array.isArray(stated) ? wordsIn(stated, depth + 2) : null;
    if (found !== null) return { ...found, param: found.param ?? field };
  }
  return null;
};

const ofText = (text: string, depth: number): Words | null => {
  if (text.trim() === '') return null;
  const parsed = /^\s*[{[]/u.test(text) ? parse(text) : null;
  const inside = parsed === null ? null : wordsIn(parsed, depth + 1);
  return inside ?? { code: null, type: null, param: null, message: text, statusCode: null };
};

/**
 * Names of the words, best first: OpenAI's, FastAPI's, .NET's, Baidu's, MiniMax's, OAuth's, problem
 * details (RFC 9457).
 */
const wordKeys = [
  'message',
  'detail',
  'msg',
  'Message',
  'error_message',
  'error_msg',
  'error_description',
  'status_msg',
  'text',
  'reason',
  'title',
];
const codeKeys = ['code', 'Code', 'error_code', 'errorCode'];

const ofObject = (error: JsonObject, depth: number): Words | null => {
  const text = (key: string): string | null =>
    typeof error[key] === 'string' && error[key] !== '' ? error[key] : null;
  const first = (keys: readonly string[]): string | null =>
    keys.map(text).find((each) => each !== null) ?? null;
  const number = codeKeys.map((key) => error[key]).find((each) => typeof each === 'number');
  // OAuth's code is a text under `error`, and its words stand beside it.
  const code =
    first(codeKeys) ??
    (number === undefined ? null : String(number)) ??
    (text('error_description') === null ? null : text('error'));
  const statusCode = code !== null && /^[45]\d\d$/u.test(code) ? Number(code) : null;
  const said = first(wordKeys);
  // A text may itself be JSON: gateways quote inner errors.
  const inside = said !== null && /^\s*\{/u.test(said) ? ofText(said, depth + 1) : null;
  const type = text('type');
  if (code === null && said === null && (type === null || type === 'error')) return null;
  const own = { code: statusCode === null ? code : null, type, param: text('param'), statusCode };
  return inside === null
    ? { ...own, message: said ?? code ?? type ?? '' }
    : merged({ ...own, message: said ?? '' }, inside);
};

/** The inner error is nearer to the cause. The wrapper fills in what it lacks. */
const merged = (own: Words | null, inside: Words): Words => ({
  code: inside.code ?? own?.code ?? null,
  type: inside.type ?? own?.type ?? null,
  param: inside.param ?? own?.param ?? null,
  statusCode: inside.statusCode ?? own?.statusCode ?? null,
  // Azure's inner error has a code, and its words stand outside.
  message: own !== null && isNameAlone(inside) && !isNameAlone(own) ? own.message : inside.message,
});

const isNameAlone = ({ code, type, message }: Words): boolean =>
  message === code || message === type;

const parse = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
};

/**
 * Codes that say what kind of failure it is, on a line or where a batch names one. OpenAI's,
 * Azure's and gateways' (2026-10).
 */
const known: Readonly<Record<string, FailureClass>> = {
  batch_expired: 'batch_expired',
  batch_cancelled: 'batch_cancelled',
  batch_canceled: 'batch_cancelled',
  request_timeout: 'request_timeout',
  rate_limit_exceeded: 'rate_limited',
  context_length_exceeded: 'context_too_long',
  string_above_max_length: 'context_too_long',
  array_above_max_length: 'context_too_long',
  max_tokens_exceeded: 'context_too_long',
  context_window_exceeded: 'context_too_long',
  prompt_too_long: 'context_too_long',
  content_policy_violation: 'content_filtered',
  image_content_policy_violation: 'content_filtered',
  ResponsibleAIPolicyViolation: 'content_filtered',
  content_filter: 'content_filtered',
  invalid_prompt: 'content_filtered',
  moderation_blocked: 'content_filtered',
  cyber_policy_violation: 'content_filtered',
  model_not_found: 'invalid_request',
  DeploymentNotFound: 'invalid_request',
  NotFoundError: 'invalid_request',
  BadRequestError: 'invalid_request',
  failed_to_download_image: 'input_not_fetched',
  failed_to_download_file: 'input_not_fetched',
};

const classes: ReadonlyMap<string, FailureClass> = new Map(
  Object.entries(known).map(([code, each]) => [plainCode(code), each]),
);

/** Codes that are as good as none: what the words say counts first. */
const vague: ReadonlySet<string> = new Set(
  ['NotFoundError', 'BadRequestError', 'rate_limit_exceeded', 'invalid_prompt'].map(plainCode),
);

/**
 * What services say in words alone, or under a code that says nothing (embeddings, vLLM, Azure).
 */
const said: readonly (readonly [RegExp, FailureClass])[] = [
  [
    /maximum (?:context|model|input|prompt) length|context (?:length|window|size)\b.{0,40}\bexceed|exceed.{0,40}\bcontext (?:length|window|size)|prompt is too long|tokens?`? \+ `?max_(?:new_|completion_|output_)?tokens`? must be|(?:prompt|input) (?:length|tokens?|is).{0,60}(?:exceeds?|longer than|too (?:long|large)).{0,60}(?:model|context|maximum|max)/iu,
    'context_too_long',
  ],
  [
    /content (?:management|moderation|safety|usage) polic|content[_ -]filtered\b|(?:block|filter|flag|reject|stopp|trigger|caught|refus|violat)\w*\b.{0,80}\bcontent[_ -]filter(?:s|ing)?\b|\bcontent[_ -]filter(?:s|ing)?\b.{0,60}\b(?:block|flag|trigger|reject|stopp|violat|detect|caught|refus|prevent)|flagged as (?:potentially )?violating|ResponsibleAIPolicyViolation/iu,
    'content_filtered',
  ],
  [
    /(?:error|fail\w*|unable|timeout|timed out|could not|cannot|can't|couldn't)\s.{0,40}\b(?:download|fetch|retriev|load)\w*.{0,60}(?:\b(?:image|file|url|media|document|audio|video|attachment|content)s?\b|https?:)|(?:image|file|url|media|document)s?\b.{0,200}\b(?:could not|cannot|can't) be (?:download|fetch|retriev|load|access|reach)\w*|\bdownload(?:ing)? (?:has )?(?:timed out|failed)\b|\bupstream status code:? \d{3}\b|^\d{3}, message=.{0,200}\burl=/iu,
    'input_not_fetched',
  ],
];

/**
 * What the codes say, else the words. Of a status that passes by itself words say little: "the
 * content filtering system is temporarily unavailable".
 */
const words = (error: LineError, status: number): FailureClass | null => {
  const { code, type, message } = error;
  if (isOutOfMoney(code, type)) return 'insufficient_quota';
  const names = [code, type].flatMap((name) => (name === null ? [] : [plainCode(name)]));
  const byName = (isVague: boolean): FailureClass | null => {
    const name = names.find((each) => classes.has(each) && vague.has(each) === isVague);
    return name === undefined ? null : (classes.get(name) ?? null);
  };
  const named = byName(false);
  if (named !== null) return named;
  const passes = status === 429 || status >= 500;
  const stated = passes ? undefined : said.find(([pattern]) => pattern.test(message))?.[1];
  if (stated !== undefined) return stated;
  if (status < 500 && saysOutOfMoney(message) && !hasRetryDetails(error))
    return 'insufficient_quota';
  return byName(true);
};

/**
 * Gemini's details of a limit that passes: `RetryInfo` with its `retryDelay`, `QuotaFailure` with
 * ids such as `…PerMinutePerProject…`.
 */
const hasRetryDetails = ({ raw }: LineError): boolean =>
  typeof raw === 'object' &&
  !isTooDeep(raw) &&
  /RetryInfo|retry_?(?:delay|after)|per_?(?:minute|day|hour)/iu.test(JSON.stringify(raw));

/**
 * What a refusal of a line says of its row, by its code and words; null: no more than that the
 * request is no good.
 */
export const classOfRefusedLine = (error: JsonObject): RefusedLineClass | null => {
  const found = classOfError(400, readLineError(error));
  return refusedLineClasses.find((each) => each === found) ?? null;
};

/**
 * By what the provider's codes say first: a status is often the gateway's. Null `statusCode`: no
 * HTTP answer was given.
 */
export const classOfError = (statusCode: number | null, error: LineError | null): FailureClass => {
  const status = statusCode === null || statusCode === 0 ? (error?.statusCode ?? 0) : statusCode;
  const stated = error === null ? null : words(error, status);
  if (stated !== null) return stated;
  if (status === 408 || status === 504) return 'request_timeout';
  if (status === 402) return 'insufficient_quota';
  if (status === 429) return 'rate_limited';
  if (status < 400 || status >= 500 || status === 409 || status === 425) return 'server_error';
  return 'invalid_request';
};
