import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { type BodyFault, emptyFault, isText, objectsIn } from './answer-reader.ts';
import { faultOfFinish } from './finish-reasons.ts';

/** The parts of a candidate without its thoughts, which say nothing to its reader. */
const partsOf = ({ content }: JsonObject): readonly JsonObject[] =>
  isJsonObject(content)
    ? objectsIn(content['parts']).filter(({ thought }) => thought !== true)
    : [];

/** The texts of a candidate, one of each part. */
const partTexts = (candidate: JsonObject): readonly string[] =>
  partsOf(candidate).flatMap(({ text }) => (typeof text === 'string' ? [text] : []));

/** Its text; null where it has none. */
export const textOf = (candidate: JsonObject): string | null => {
  const texts = partTexts(candidate);
  return texts.length === 0 ? null : texts.join('');
};

/**
 * Texts by how likely each is the structured answer: the whole, then its parts from the last to the
 * first, as what comes before an answer introduces it.
 */
export const textsOf = (candidate: JsonObject): readonly string[] => {
  const texts = partTexts(candidate);
  return texts.length < 2 ? texts : [texts.join(''), ...texts.toReversed()];
};

/**
 * The calls that it asks for, as the API wrote them: `{ name, args }`. One without a name is none.
 */
export const callsOf = (candidate: JsonObject): readonly JsonObject[] =>
  partsOf(candidate).flatMap(({ functionCall: call }) =>
    isJsonObject(call) && isText(call['name']) ? [call] : [],
  );

/** Members of a part that are something beside text. */
const things: readonly string[] = [
  'functionCall',
  'inlineData',
  'fileData',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
  'functionResponse',
];
/** An empty object, as the API writes a message without fields, is nothing. */
const isThing = (value: JsonValue | undefined): boolean =>
  isJsonObject(value) && Object.keys(value).length > 0;
const hasThing = (part: JsonObject): boolean => things.some((key) => isThing(part[key]));

/** True where its text is not all that its content says. */
export const hasMoreThanText = (candidate: JsonObject): boolean =>
  partsOf(candidate).some(hasThing);

/** What stands beside the content because the request asked for it. */
const besides: readonly string[] = ['logprobsResult', 'groundingMetadata', 'urlContextMetadata'];
export const hasBesides = (candidate: JsonObject): boolean =>
  besides.some((key) => isThing(candidate[key]));

/** Null where the candidate is a whole answer. */
export const faultOfCandidate = (candidate: JsonObject): BodyFault | null =>
  faultOfFinish(candidate['finishReason']) ??
  (partsOf(candidate).some((part) => isText(part['text']) || hasThing(part)) ? null : emptyFault);
