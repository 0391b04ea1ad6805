import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { isPaddable, raiseBounds } from '../../../lib/core/settle/output-bound.ts';
import type { GeminiEndpoint } from './endpoints.ts';

const boundKey = 'maxOutputTokens';

const configOf = (body: JsonObject): JsonObject => {
  const config = body['generationConfig'];
  return isJsonObject(config) ? config : {};
};

/** Answers that a request with this body asks for. */
export const answersIn = (body: JsonObject): number => {
  const count = configOf(body)['candidateCount'];
  return typeof count === 'number' && count >= 1 ? count : 1;
};

/**
 * Output tokens that a request with this body can be billed for at most; null: unbounded. Thoughts
 * are billed as output, and are within the bound of their candidate.
 */
export const outputTokensMaxOf = (endpoint: GeminiEndpoint, body: JsonObject): number | null => {
  if (endpoint === 'embedContent') return 0;
  const bound = configOf(body)[boundKey];
  return typeof bound === 'number' ? bound * answersIn(body) : null;
};

/** True where a body of the user's own says something about the bound. */
export const saysBound = (endpoint: GeminiEndpoint, body: JsonObject): boolean =>
  endpoint === 'generateContent' &&
  [boundKey, 'candidateCount'].some((key) => configOf(body)[key] !== undefined);

/**
 * A `generationConfig` without its bound, and that, as far as it is a number that a limit can be.
 */
export const withoutBound = (
  config: JsonObject,
): readonly [rest: JsonObject, bound: readonly [key: string, tokens: number] | null] => {
  const { [boundKey]: bound, ...rest } = config;
  return isPaddable(bound) ? [rest, [boundKey, bound]] : [config, null];
};

/** Lines whose padded bounds are raised to this one at least. */
export const raiseOutputTokens = (
  endpoint: GeminiEndpoint,
  lines: string,
  bound: number,
): string => (endpoint === 'embedContent' ? lines : raiseBounds(lines, [boundKey], bound));
