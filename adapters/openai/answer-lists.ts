import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { fault, listOf, type AnswerReader } from './answer-reader.ts';
import { isTooDeep } from '../../lib/core/json-depth.ts';

/** One thing as itself, several as a list: a request may hold several inputs. */
const oneOrAll = (all: readonly JsonValue[]): JsonValue => (all.length === 1 ? (all[0] ?? null) : all);

const tooDeep = fault('malformed_result', 'the answer is nested too deeply to be given on');

/** `/v1/embeddings`. */
export const embeddingsReader: AnswerReader = {
  faultOf: (body) => {
    const first = listOf(body['data'])?.[0];
    const vector = isJsonObject(first) ? first['embedding'] : undefined;
    if (!Array.isArray(vector) && typeof vector !== 'string') return fault('malformed_result', 'the answer has no vector');
    return isTooDeep(body['data']) ? tooDeep : null;
  },
  textOf: () => null,
  wordsPath: null,
  outputOf: (body) => {
    const data = (listOf(body['data']) ?? []).filter(isJsonObject);
    return oneOrAll([...data].sort(byIndex).map((entry) => vectorOf(entry['embedding'])));
  },
};

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
    if (!isJsonObject(listOf(body['results'])?.[0])) return fault('malformed_result', 'the answer has no results');
    return isTooDeep(body['results']) ? tooDeep : null;
  },
  textOf: () => null,
  wordsPath: null,
  outputOf: (body) => oneOrAll(listOf(body['results']) ?? []),
};
