import type { FailureClass } from '../../../lib/core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** An error as Anthropic states it, on a line and as a body. */
export interface ApiError {
  /** `invalid_request_error`, `overloaded_error` … */
  readonly type: string | null;
  /** `error.details.error_code`; null: none. */
  readonly code: string | null;
  readonly message: string;
}

/** `{type: "error", error: {type, message, details}}`, alone or once more in an `error`. */
const wrapsMax = 4;

/** The error in a value; null when it states none. */
export const readApiError = (value: unknown): ApiError | null => {
  let at: JsonValue = isJsonObject(value) ? value : null;
  for (let depth = 0; depth < wrapsMax && isJsonObject(at); depth += 1) {
    const inner: JsonValue = at['error'] ?? null;
    if (typeof inner === 'string' && inner !== '')
      return { type: null, code: null, message: inner };
    if (!isJsonObject(inner)) break;
    at = inner;
  }
  if (!isJsonObject(at)) return null;
  const type = textOf(at['type']);
  const message = textOf(at['message']);
  if (message === null && (type === null || type === 'error')) return null;
  return { type, code: codeOf(at), message: message ?? type ?? '' };
};

const codeOf = ({ details, error_code: code }: JsonObject): string | null =>
  textOf(isJsonObject(details) ? details['error_code'] : undefined) ?? textOf(code);

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** Codes that mean money: waiting does not help (SDK 1.12, 2026-11). */
const moneyCodes: ReadonlySet<string> = new Set([
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
  'user_profile_not_billable',
  'user_profile_billing_not_authorized',
]);
/**
 * What accounts without credit, and those with a limit that they set themselves, are answered as an
 * `invalid_request_error` (reports of 2025 and 2026).
 */
const moneyWords =
  /credit balance is too low|reached your specified (?:api |workspace )?usage limits?|(?:spend|usage) limit (?:has been )?reached/iu;

/** True where waiting does not help, and adding credit or raising a limit does. */
export const isAboutMoney = ({ type, code, message }: ApiError): boolean =>
  type === 'billing_error' ||
  (code !== null && moneyCodes.has(code)) ||
  // Messages may quote a prompt: only of the service's own length.
  (type === 'invalid_request_error' && message.length < 600 && moneyWords.test(message));

/** What the messages of an `invalid_request_error` say more closely. Wording of 2025 and 2026. */
const wordings: readonly (readonly [RegExp, FailureClass])[] = [
  [
    /prompt is too long|exceeds? the (?:maximum )?context (?:window|limit|length)|input length and `?max_tokens`? exceed/iu,
    'context_too_long',
  ],
  [/blocked by (?:our )?content filter(?:ing)?/iu, 'content_filtered'],
  [
    /(?:unable|failed|timed out|could not)\b.{0,40}\b(?:download|fetch|retrieve)|could not be (?:downloaded|fetched|retrieved)/iu,
    'input_not_fetched',
  ],
];

/** By the type of an error; a type that is not here passes by itself. */
const classes: Readonly<Record<string, FailureClass>> = {
  invalid_request_error: 'invalid_request',
  not_found_error: 'invalid_request',
  request_too_large: 'request_too_large',
  rate_limit_error: 'rate_limited',
  timeout_error: 'request_timeout',
};

/**
 * The class of a row with this error. By the batch guide only an `invalid_request_error` is the
 * request's fault. A key that was revoked, or may not use the model, is the account's: the row is
 * asked again, and the create is what stops the run then.
 */
export const failureClassOf = (error: ApiError): FailureClass => {
  if (isAboutMoney(error)) return 'insufficient_quota';
  const { type, message } = error;
  if (type === 'invalid_request_error') {
    const said = wordings.find(([pattern]) => pattern.test(message.slice(0, 2_000)));
    if (said !== undefined) return said[1];
  }
  return (
    (type !== null && Object.hasOwn(classes, type) ? classes[type] : undefined) ?? 'server_error'
  );
};
