import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { type AnswerReader, emptyFault, fault, noContent } from './answer-reader.ts';
import { embeddingUsageOf } from './answer-usage.ts';

/** The vector, numbers as they came; null where it is none. */
const vectorOf = ({ embedding }: JsonObject): readonly JsonValue[] | null => {
  const values = isJsonObject(embedding) ? embedding['values'] : undefined;
  return Array.isArray(values) &&
    (values as readonly JsonValue[]).every((value) => typeof value === 'number')
    ? (values as readonly JsonValue[])
    : null;
};

/** `embedContent`. */
export const embeddingReader: AnswerReader = {
  usageOf: embeddingUsageOf,
  faultOf: (response) => {
    if (!isJsonObject(response['embedding']))
      return fault('malformed_result', 'the response has no embedding');
    const vector = vectorOf(response);
    if (vector === null) return fault('malformed_result', 'the vector of the response is none');
    return vector.length === 0 ? emptyFault : null;
  },
  contentOf: (response) => ({ ...noContent, output: vectorOf(response) }),
};
