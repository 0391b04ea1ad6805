/**
 * How long an answer asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date;
 * null when it names none that can be read. Finite and not negative.
 */
export const retryAfterMsIn = (header: (name: string) => string | null): number | null => {
  const ms = amountIn(header('retry-after-ms'));
  if (ms !== null) return Math.ceil(ms);
  const text = header('retry-after') ?? '';
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

/**
 * What a session hears beside its answers: the service's clock, by the `Date` of the last answer;
 * and how long the last answer asked to wait. Null: nothing (yet).
 */
export interface Heard {
  dateMs: number | null;
  retryAfterMs: number | null;
}

export const nothingHeard = (): Heard => ({ dateMs: null, retryAfterMs: null });

/** Listens to the headers of an answer. */
export const hear = (heard: Heard, headers: Headers): void => {
  const dateMs = Date.parse(headers.get('date') ?? '');
  if (Number.isFinite(dateMs)) heard.dateMs = dateMs;
  heard.retryAfterMs = retryAfterMsIn((name) => headers.get(name));
};
