import type { JsonObject } from '../../../lib/core/json/json.ts';
import { isPaddable, raiseBounds } from '../../../lib/core/settle/output-bound.ts';
import type { OpenAIEndpoint } from './endpoints.ts';

/**
 * The body parameters that bound an answer, the stricter name first (OpenAI's API reference,
 * 2026-08).
 */
const boundKeys: Readonly<Record<OpenAIEndpoint, readonly string[]>> = {
  responses: ['max_output_tokens'],
  'chat.completions': ['max_completion_tokens', 'max_tokens'],
  embeddings: [],
  completions: ['max_tokens'],
  moderations: [],
};

/**
 * Output tokens that a request with this body can be billed for at most; null: unbounded. Reasoning
 * counts as output, and is within the bound.
 */
export const outputTokensMaxOf = (endpoint: OpenAIEndpoint, body: JsonObject): number | null => {
  const keys = boundKeys[endpoint];
  if (keys.length === 0) return 0;
  const bound = keys.map((key) => body[key]).find((value) => typeof value === 'number');
  if (typeof bound !== 'number') return null;
  // Each of several choices may be as long.
  return bound * answersIn(body);
};

/** True where a body of the user's own says something about the bound. */
export const saysBound = (endpoint: OpenAIEndpoint, body: JsonObject): boolean =>
  [...boundKeys[endpoint], 'n', 'best_of'].some((key) => body[key] !== undefined);

/** Answers that a request with this body asks for. */
export const answersIn = (body: JsonObject): number =>
  Math.max(countIn(body, 'n'), countIn(body, 'best_of'));

/** The body without its bounds, and those: as far as they are numbers that a limit can be. */
export const withoutBounds = (
  endpoint: OpenAIEndpoint,
  body: JsonObject,
): readonly [JsonObject, readonly (readonly [string, number])[]] => {
  const bounds = boundKeys[endpoint].flatMap((key): (readonly [string, number])[] => {
    const bound = body[key];
    return isPaddable(bound) ? [[key, bound]] : [];
  });
  const rest = Object.fromEntries(
    Object.entries(body).filter(([key]) => bounds.every(([name]) => name !== key)),
  );
  return [rest, bounds];
};

/** Lines whose bounds were written with room, with these bounds at least. */
export const raiseOutputTokens = (
  endpoint: OpenAIEndpoint,
  lines: string,
  bound: number,
): string =>
  boundKeys[endpoint].length === 0 ? lines : raiseBounds(lines, boundKeys[endpoint], bound);

const countIn = (body: JsonObject, key: string): number => {
  const value = body[key];
  return typeof value === 'number' && value >= 1 ? value : 1;
};

/** How many texts a request embeds: a list of numbers is one text, as tokens. */
export const inputsOf = (endpoint: OpenAIEndpoint, body: JsonObject): number => {
  const input = body['input'];
  if (endpoint !== 'embeddings' || !Array.isArray(input)) return 1;
  return typeof input[0] === 'number' ? 1 : Math.max(1, input.length);
};
