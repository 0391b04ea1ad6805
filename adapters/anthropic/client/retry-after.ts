/**
 * `retry-after-ms`, else `retry-after` in seconds or as a date; null when the answer names none
 * that can be read. Finite and not negative.
 */
export const retryAfterMsIn = (headers: Headers): number | null => {
  const ms = amountIn(headers.get('retry-after-ms'));
  if (ms !== null) return Math.ceil(ms);
  const text = headers.get('retry-after') ?? '';
  const seconds = amountIn(text);
  if (seconds !== null) return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(seconds * 1000));
  // A date of HTTP begins with the day of the week; other texts may pass for dates, too.
  const waitMs = /^\s*[A-Za-z]{3,9},? /u.test(text) ? Date.parse(text) - Date.now() : Number.NaN;
  return Number.isFinite(waitMs) ? Math.max(0, Math.ceil(waitMs)) : null;
};

/** Digits as a number; null for what is no plain number. */
const amountIn = (text: string | null): number | null =>
  text !== null && /^\s*\d+(\.\d+)?\s*$/u.test(text)
    ? Math.min(Number.MAX_SAFE_INTEGER, Number(text))
    : null;
