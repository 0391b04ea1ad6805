import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import {
  type AnswerReader,
  type BodyContent,
  emptyFault,
  fault,
  listOf,
  saysAnything,
  tooDeepFault,
} from './answer-reader.ts';
import { vectorOf } from './vectors.ts';

/** One thing as itself, several as a list: a request may hold several inputs. */
const oneOrAll = (all: readonly JsonValue[]): JsonValue =>
  all.length === 1 ? (all[0] ?? null) : all;

const contentOf = (output: JsonValue): BodyContent => ({
  outputText: null,
  output,
  finishReason: null,
  toolCalls: null,
});

/** `/v1/embeddings`. */
export const embeddingsReader: AnswerReader = {
  faultOf: (body) => {
    const data = listOf(body['data']) ?? [];
    if (data.length === 0 || !data.every(hasVector))
      return fault('malformed_result', 'the answer has no vector');
    if (data.some(hasEmptyVector)) return emptyFault;
    if (isTooDeep(data)) return tooDeepFault;
    const entries = data as readonly JsonObject[];
    if (entries.some(({ embedding }) => vectorOf(embedding) === null))
      return fault('malformed_result', 'a vector of the answer is none');
    return arePlacesWhole(entries)
      ? null
      : fault('malformed_result', 'the vectors do not say which input each is of');
  },
  contentOf: (body) => {
    const data = (listOf(body['data']) ?? []).filter(isJsonObject);
    return contentOf(
      oneOrAll([...data].sort(byIndex).map((entry) => vectorOf(entry['embedding']))),
    );
  },
  wordsPath: null,
};

const hasVector = (entry: JsonValue): boolean =>
  isJsonObject(entry) &&
  (Array.isArray(entry['embedding']) || typeof entry['embedding'] === 'string');
const hasEmptyVector = (entry: JsonValue): boolean =>
  isJsonObject(entry) && (entry['embedding'] as string | readonly JsonValue[]).length === 0;

const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' ? index : 0);
const byIndex = (a: JsonObject, b: JsonObject): number => indexOf(a) - indexOf(b);

/**
 * False where a vector is missing or doubled: the others would be taken for those of other inputs.
 * Without numbers the order tells.
 */
const arePlacesWhole = (data: readonly JsonObject[]): boolean => {
  if (data.length === 1) return true;
  const indexes = data.flatMap(({ index }) => (typeof index === 'number' ? [index] : []));
  return (
    new Set(indexes).size === indexes.length &&
    indexes.every((index) => Number.isInteger(index) && index >= 0 && index < data.length)
  );
};

/** `/v1/moderations`. */
export const moderationsReader: AnswerReader = {
  faultOf: (body) => {
    const results = listOf(body['results']) ?? [];
    if (results.length === 0 || !results.every(isJsonObject))
      return fault('malformed_result', 'the answer has no results');
    if (!results.every((result) => saysAnything(result))) return emptyFault;
    return isTooDeep(results) ? tooDeepFault : null;
  },
  contentOf: (body) => contentOf(oneOrAll(listOf(body['results']) ?? [])),
  wordsPath: null,
};
