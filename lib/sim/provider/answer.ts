import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { hashText } from '../prng.ts';
import { answerForSchema } from './schema-answer.ts';

/** One request to the model. */
export interface AnswerRequest {
  readonly customId: string;
  readonly body: JsonObject;
  /** How many requests with this custom_id the provider has processed, including this one. */
  readonly attempt: number;
}

/** A model: returns a text, or a value that is sent as JSON text (for embeddings: a vector). */
export type Answer = (request: AnswerRequest) => string | JsonValue;

/**
 * The answer of the default model: a value that satisfies the request's JSON Schema if it has one,
 * else a sentence with words of the prompt. Depends on the prompt and the seed only.
 */
export const defaultAnswer = (body: JsonObject, prompt: string, seed: number): string => {
  const format = formatOf(body);
  if (format.type === 'json_schema')
    return JSON.stringify(answerForSchema(format.schema, prompt, seed));
  const sentence = sentenceAbout(prompt, seed);
  return format.type === 'json_object' ? JSON.stringify({ answer: sentence }) : sentence;
};

/** True when the request has a JSON Schema for its answer. */
export const asksForSchema = (body: JsonObject): boolean => formatOf(body).type === 'json_schema';

type AnswerFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: JsonObject };

/** The format in a responses body (`text.format`) or a chat body (`response_format`). */
const formatOf = (body: JsonObject): AnswerFormat => {
  const text = body['text'];
  const format = isJsonObject(text) ? text['format'] : body['response_format'];
  if (!isJsonObject(format)) return { type: 'text' };
  if (format['type'] === 'json_object') return { type: 'json_object' };
  if (format['type'] !== 'json_schema') return { type: 'text' };
  const nested = isJsonObject(format['json_schema']) ? format['json_schema'] : format;
  return {
    type: 'json_schema',
    schema: isJsonObject(nested['schema']) ? nested['schema'] : { type: 'object' },
  };
};

const quotedChars = 60;

const sentenceAbout = (prompt: string, seed: number): string => {
  // Only whole words, unless the first one is too long.
  const end = prompt.length <= quotedChars ? prompt.length : prompt.lastIndexOf(' ', quotedChars);
  const quoted = prompt.slice(0, end <= 0 ? quotedChars : end);
  return `You asked: "${quoted}". The answer is ${(hashText(prompt, seed) % 1_000_000).toString(36)}.`;
};
