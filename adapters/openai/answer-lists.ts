import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { type AnswerReader, type BodyContent, emptyFault, fault, listOf, tooDeepFault } from './answer-reader.ts';
import { isTooDeep } from '../../lib/core/json-depth.ts';

/** One thing as itself, several as a list: a request may hold several inputs. */
const oneOrAll = (all: readonly JsonValue[]): JsonValue => (all.length === 1 ? (all[0] ?? null) : all);

const contentOf = (output: JsonValue): BodyContent => ({ outputText: null, output, finishReason: null, toolCalls: null });

/** `/v1/embeddings`. */
export const embeddingsReader: AnswerReader = {
  faultOf: (body) => {
    const data = listOf(body['data']) ?? [];
    if (data.length === 0 || !data.every(hasVector)) return fault('malformed_result', 'the answer has no vector');
    if (data.some(hasEmptyVector)) return emptyFault;
    return isTooDeep(data) ? tooDeepFault : null;
  },
  contentOf: (body) => {
    const data = (listOf(body['data']) ?? []).filter(isJsonObject);
    return contentOf(oneOrAll([...data].sort(byIndex).map((entry) => vectorOf(entry['embedding']))));
  },
  wordsPath: null,
};

const hasVector = (entry: JsonValue): boolean =>
  isJsonObject(entry) && (Array.isArray(entry['embedding']) || typeof entry['embedding'] === 'string');
const hasEmptyVector = (entry: JsonValue): boolean =>
  isJsonObject(entry) && (entry['embedding'] as string | readonly JsonValue[]).length === 0;

const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' ? index : 0);
const byIndex = (a: JsonObject, b: JsonObject): number => indexOf(a) - indexOf(b);

/** With `encoding_format: base64` a vector is the bytes of 32-bit floats, little end first. */
const vectorOf = (embedding: JsonValue | undefined): JsonValue => {
  if (typeof embedding !== 'string') return embedding ?? null;
  const bytes = Buffer.from(embedding, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
};

/** `/v1/moderations`. */
export const moderationsReader: AnswerReader = {
  faultOf: (body) => {
    const results = listOf(body['results']) ?? [];
    if (results.length === 0 || !results.every(isJsonObject)) return fault('malformed_result', 'the answer has no results');
    if (results.some((result) => Object.keys(result as JsonObject).length === 0)) return emptyFault;
    return isTooDeep(results) ? tooDeepFault : null;
  },
  contentOf: (body) => contentOf(oneOrAll(listOf(body['results']) ?? [])),
  wordsPath: null,
};
