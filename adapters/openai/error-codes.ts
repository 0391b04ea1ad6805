/**
 * Codes that mean money, on a call, a batch or a line: waiting does not help. OpenAI's error codes guide and reports of 2026-10;
 * `insufficient_quota` comes as type or code.
 */
const outOfMoney: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'credit_balance_exhausted',
  'organization_spend_limit_exceeded',
  'project_spend_limit_exceeded',
  'organization_usage_limit_exceeded',
  'billing_hard_limit_reached',
  'billing_not_active',
]);

export const isOutOfMoney = (...names: readonly (string | null)[]): boolean => names.some((name) => name !== null && outOfMoney.has(name));

/** The queue of enqueued tokens is full; comes as the code of a failed batch, and of a refused create. */
export const isOutOfCapacity = (code: string | null): boolean => code === 'token_limit_exceeded';

/** The queue limits that a message states: "Enqueued token limit reached for … Limit: 2,000,000 enqueued tokens.", and the same of requests. Null when it states none. */
export const statedLimits = (message: string): { readonly statedTokensMax: number | null; readonly statedRequestsMax: number | null } => ({
  statedTokensMax: numberIn(/limit:\s*(\d[\d,._']*)\s*enqueued tokens/iu.exec(message)),
  statedRequestsMax: numberIn(/limit:\s*(\d[\d,._']*)\s*enqueued requests/iu.exec(message)),
});

const numberIn = (match: RegExpExecArray | null): number | null => {
  const count = Number(match?.[1]?.replace(/\D/gu, '') ?? Number.NaN);
  // A limit of nothing is no limit, but a message that is misread.
  return Number.isSafeInteger(count) && count > 0 ? count : null;
};

/**
 * True where a 403 is not about the key: the plan, the tier or the region does not have what was asked for (`not_available_for_plan`, GroqApiLibrary#22;
 * `unsupported_country_region_territory`, OpenAI's error codes guide of 2026-10).
 */
export const isNotOffered = (code: string | null, message: string): boolean =>
  /not_available|not_supported|unsupported|_(?:plan|tier|region|country|territory)\b/iu.test(code ?? '') ||
  /\b(?:your|current|this) (?:\w+ )?(?:plan|tier|subscription)\b|\bupgrade\b|\b(?:country|region|territory)\b.{0,40}\bnot (?:supported|available)/iu.test(
    message,
  );
