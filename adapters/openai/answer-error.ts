import type { FailureClass } from '../../lib/core/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { isTooDeep } from '../../lib/core/json-depth.ts';
import { isOutOfMoney, plainCode, saysOutOfMoney } from './error-codes.ts';

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

/** Services wrap errors in errors: Azure in `error.message.error`, gateways once more around that. */
const wrapsMax = 5;

/**
 * The error in a value: an object with words, the same as a text of JSON, an object that wraps one, or a text. Null where there are no
 * words. Seen: OpenAI's `{message, type, param, code}`; Azure's `{code: null, message: {error: {…}}}` and `innererror`; vLLM's and
 * SGLang's `{object: "error", message, code: 400}`; FastAPI's `{detail}`; Anthropic's `{type: "error", error: {…}}`.
 */
export const readLineError = (value: JsonValue | undefined): LineError | null => {
  const found = wordsIn(value, 0);
  return found === null ? null : { ...found, raw: value ?? null };
};

type Words = Omit<LineError, 'raw'>;

const wordsIn = (value: JsonValue | undefined, depth: number): Words | null => {
  if (depth > wrapsMax) return null;
  if (typeof value === 'string') return ofText(value, depth);
  if (Array.isArray(value)) return wordsIn((value as readonly JsonValue[])[0], depth + 1);
  if (!isJsonObject(value)) return null;
  const own = ofObject(value, depth);
  for (const key of ['error', 'message', 'detail', 'errors', 'innererror', 'inner_error']) {
    const inside = typeof value[key] === 'object' ? wordsIn(value[key], depth + 1) : null;
    if (inside !== null) return merged(own, inside);
  }
  return own ?? (typeof value['error'] === 'string' ? wordsIn(value['error'], depth + 1) : null);
};

const ofText = (text: string, depth: number): Words | null => {
  if (text.trim() === '') return null;
  const parsed = /^\s*[{[]/u.test(text) ? parse(text) : null;
  const inside = parsed === null ? null : wordsIn(parsed, depth + 1);
  return inside ?? { code: null, type: null, param: null, message: text, statusCode: null };
};

const ofObject = (error: JsonObject, depth: number): Words | null => {
  const text = (key: string): string | null => (typeof error[key] === 'string' && error[key] !== '' ? error[key] : null);
  const code = text('code') ?? (typeof error['code'] === 'number' ? String(error['code']) : null);
  const statusCode = code !== null && /^[45]\d\d$/u.test(code) ? Number(code) : null;
  const said = text('message') ?? text('detail') ?? text('msg');
  // A text may itself be JSON: gateways quote what they were told.
  const inside = said !== null && /^\s*\{/u.test(said) ? ofText(said, depth + 1) : null;
  if (code === null && said === null) return null;
  const own = { code: statusCode === null ? code : null, type: text('type'), param: text('param'), statusCode };
  return inside === null ? { ...own, message: said ?? code ?? '' } : merged({ ...own, message: said ?? '' }, inside);
};

/** What is told inside is nearer to the cause; what it leaves open, the wrapping says. */
const merged = (own: Words | null, inside: Words): Words => ({
  code: inside.code ?? own?.code ?? null,
  type: inside.type ?? own?.type ?? null,
  param: inside.param ?? own?.param ?? null,
  statusCode: inside.statusCode ?? own?.statusCode ?? null,
  // Azure's inner error has a code, and its words stand outside.
  message: inside.message === inside.code && own !== null && own.message !== own.code ? own.message : inside.message,
});

const parse = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
};

/** Codes that say what kind of failure it is, on a line or where a batch names one. OpenAI's, Azure's and gateways' (2026-10). */
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

const classes: ReadonlyMap<string, FailureClass> = new Map(Object.entries(known).map(([code, each]) => [plainCode(code), each]));

/** Codes that are as good as none: what the words say counts first. */
const vague: ReadonlySet<string> = new Set(['NotFoundError', 'BadRequestError', 'rate_limit_exceeded', 'invalid_prompt'].map(plainCode));

/** What services say in words alone, or under a code that says nothing (embeddings, vLLM, Azure). */
const said: readonly (readonly [RegExp, FailureClass])[] = [
  [
    /maximum (?:context|model|input|prompt) length|context (?:length|window|size)\b.{0,40}\bexceed|exceed.{0,40}\bcontext (?:length|window|size)|prompt is too long|(?:prompt|input) (?:length|tokens?|is).{0,60}(?:exceeds?|longer than|too (?:long|large)).{0,60}(?:model|context|maximum|max)/iu,
    'context_too_long',
  ],
  [
    /content (?:management|moderation|safety|usage) polic|content[_ -]filter(?:ed|ing|s)?\b|flagged as (?:potentially )?violating|ResponsibleAIPolicyViolation/iu,
    'content_filtered',
  ],
  [
    /(?:error|fail\w*|unable|timeout|timed out|could not|cannot|can't|couldn't)\s.{0,40}\b(?:download|fetch|retriev|load)\w*.{0,60}(?:\b(?:image|file|url|media|document|audio|video|attachment|content)s?\b|https?:)|(?:image|file|url|media|document)s?\b.{0,200}\b(?:could not|cannot|can't) be (?:download|fetch|retriev|load)\w*/iu,
    'input_not_fetched',
  ],
];

const words = (error: LineError): FailureClass | null => {
  const { code, type, message } = error;
  if (isOutOfMoney(code, type)) return 'insufficient_quota';
  const names = [code, type].flatMap((name) => (name === null ? [] : [plainCode(name)]));
  const byName = (isVague: boolean): FailureClass | null => {
    const name = names.find((each) => classes.has(each) && vague.has(each) === isVague);
    return name === undefined ? null : (classes.get(name) ?? null);
  };
  const told = byName(false) ?? said.find(([pattern]) => pattern.test(message))?.[1] ?? null;
  if (told !== null) return told;
  return saysOutOfMoney(message) && !hasRetryDetails(error) ? 'insufficient_quota' : byName(true);
};

/** Gemini's details of a limit that passes: `RetryInfo` with its `retryDelay`, `QuotaFailure` with ids such as `…PerMinutePerProject…`. */
const hasRetryDetails = ({ raw }: LineError): boolean =>
  typeof raw === 'object' && !isTooDeep(raw) && /RetryInfo|retry_?(?:delay|after)|per_?(?:minute|day|hour)/iu.test(JSON.stringify(raw));

/** By what the provider says first: a status is often the gateway's. Null `statusCode`: no HTTP answer was given. */
export const classOfError = (statusCode: number | null, error: LineError | null): FailureClass => {
  const told = error === null ? null : words(error);
  if (told !== null) return told;
  const status = statusCode === null || statusCode === 0 ? (error?.statusCode ?? 0) : statusCode;
  if (status === 408 || status === 504) return 'request_timeout';
  if (status === 402) return 'insufficient_quota';
  if (status === 429) return 'rate_limited';
  if (status < 400 || status >= 500 || status === 409 || status === 425) return 'server_error';
  return 'invalid_request';
};
