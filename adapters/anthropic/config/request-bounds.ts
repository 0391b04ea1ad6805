import type { JsonObject } from '../../../lib/core/json/json.ts';
import { isPaddable, raiseBounds } from '../../../lib/core/settle/output-bound.ts';

/** The parameter that bounds an answer, thinking included (Messages API reference, 2026-11). */
const boundKey = 'max_tokens';

/**
 * Output tokens where a job names no bound. The API requires one, and every model takes this one.
 */
export const maxTokensDefault = 4_096;

/** Output tokens that a request with this body can be billed for at most; null: unbounded. */
export const outputTokensMaxOf = ({ [boundKey]: bound }: JsonObject): number | null =>
  typeof bound === 'number' ? bound : null;

/** The body without its bound, and that, where it is one that can be padded. */
export const withoutBound = (body: JsonObject): readonly [JsonObject, number | null] => {
  const { [boundKey]: bound, ...rest } = body;
  return isPaddable(bound) ? [rest, bound] : [body, null];
};

/** Lines whose bounds were written with space behind them, with this bound at least. */
export const raiseOutputTokens = (lines: string, bound: number): string =>
  raiseBounds(lines, [boundKey], bound);
