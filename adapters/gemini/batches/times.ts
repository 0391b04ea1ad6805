import type { JsonValue } from '../../../lib/core/json/json.ts';

/** An RFC 3339 time, as the API writes it, in ms since 1970; null for what is none. */
export const timeOf = (value: JsonValue | undefined): number | null => {
  const ms =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/u.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
};
