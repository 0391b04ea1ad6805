/**
 * A code as it is compared: `Insufficient_Quota`, `InsufficientQuota` and `insufficient_quota` are
 * one (OpenAI, Azure, gateways).
 */
export const plainCode = (code: string): string => code.toLowerCase().replaceAll(/[\s_.-]+/gu, '');

/**
 * Codes that mean money, on a call, a batch or a line: waiting does not help. OpenAI's error codes
 * guide and reports of 2026-10; `insufficient_quota` comes as type or code.
 * `exceeded_current_quota_error` is Moonshot's.
 */
const outOfMoney: ReadonlySet<string> = new Set(
  [
    'insufficient_quota',
    'credit_balance_exhausted',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'organization_usage_limit_exceeded',
    'billing_hard_limit_reached',
    'billing_not_active',
    'exceeded_current_quota_error',
  ].map(plainCode),
);

export const isOutOfMoney = (...names: readonly (string | null)[]): boolean =>
  names.some((name) => name !== null && outOfMoney.has(plainCode(name)));

/**
 * xAI's words are "used all available credits". Zhipu's 1113 says it in Chinese: the account owes,
 * the balance does not suffice.
 */
const moneyWords =
  /exceeded your current (?:token )?quota|insufficient[_ ](?:quota|balance|credits?|funds)|used all (?:of )?(?:your )?available credits|\u6b20\u8d39|\u4f59\u989d\u4e0d\u8db3/iu;
/**
 * Gemini says "You exceeded your current quota" of limits per minute, too; then it names the limit,
 * or when to ask again.
 */
const waitingHelps =
  /\bper[ _-]?(?:second|minute|hour|day)|(?:second|minute|hour|day)s?\b.{0,20}\bquota|\bretry (?:in|after)\b|\btry again in\b|\brate[ -]limits?\b|\b[rt]p[smhd]\b/iu;
const wordsMax = 4_000;
/** What a message quotes is the request's, not the service's own words. */
const quoted = /(?<![\p{L}\d])(["'`])[^"'`]{0,500}\1(?![\p{L}\d])/gu;

/**
 * True where a message says that the account is out of money. Words are weaker than codes: ask the
 * codes first.
 */
export const saysOutOfMoney = (message: string): boolean => {
  const said = message.slice(0, wordsMax);
  return moneyWords.test(said.replaceAll(quoted, '')) && !waitingHelps.test(said);
};

/**
 * The queue of enqueued tokens is full; comes as the code of a failed batch, and of a refused
 * create.
 */
export const isOutOfCapacity = (code: string | null): boolean =>
  code !== null && plainCode(code) === 'tokenlimitexceeded';

/**
 * The queue limits that a message states: "Enqueued token limit reached for … Limit: 2,000,000
 * enqueued tokens.", and the same of requests. Null when it states none.
 */
export const statedLimits = (
  message: string,
): { readonly statedTokensMax: number | null; readonly statedRequestsMax: number | null } => ({
  statedTokensMax: numberIn(/limit:\s*(\d[\d,._']*)\s*enqueued tokens/iu.exec(message)),
  statedRequestsMax: numberIn(/limit:\s*(\d[\d,._']*)\s*enqueued requests/iu.exec(message)),
});

const numberIn = (match: RegExpExecArray | null): number | null => {
  const count = Number(match?.[1]?.replace(/\D/gu, '') ?? Number.NaN);
  // A limit of nothing is no limit, but a message that is misread.
  return Number.isSafeInteger(count) && count > 0 ? count : null;
};

/**
 * True where a 403 is not about the key: the plan, the tier or the region does not have what was
 * asked for (`not_available_for_plan`, GroqApiLibrary#22; `unsupported_country_region_territory`,
 * OpenAI's error codes guide of 2026-10).
 */
export const isNotOffered = (code: string | null, message: string): boolean =>
  /not_available|not_supported|unsupported|not_verified|ip_not_|_(?:plan|tier|region|country|territory)\b/iu.test(
    code ?? '',
  ) ||
  /\b(?:your|current|this) (?:\w+ )?(?:plan|tier|subscription)\b|\bpaid (?:plan|tier)s?\b|\bupgrade\b|\borganization\b[^.]{0,40}\b(?:not have access|be verified)\b|\b(?:in|for) (?:the|this|your) (?:\w+ )?region\b|\b(?:country|region|territory)\b.{0,40}\bnot (?:supported|available)/iu.test(
    message,
  );
