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
  isText,
  noContent,
  objectsIn,
  tooDeepFault,
} from './answer-reader.ts';
import { usageOf } from './answer-usage.ts';
import {
  callsOf,
  faultOfCandidate,
  hasBesides,
  hasMoreThanText,
  textOf,
  textsOf,
} from './candidate.ts';
import { faultOfBlock } from './finish-reasons.ts';

/** As many texts are read under a schema as there are candidates of a request, twice. */
const textsMax = 256;

const candidatesOf = (response: JsonObject): readonly JsonObject[] =>
  objectsIn(response['candidates']);

/** In the order of their numbers, which is not always that of the list. The first has none. */
const inOrder = (candidates: readonly JsonObject[]): readonly JsonObject[] => {
  const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' ? index : 0);
  return candidates.toSorted((a, b) => indexOf(a) - indexOf(b));
};

const firstWhole = (candidates: readonly JsonObject[]): JsonObject | undefined =>
  candidates.find((candidate) => faultOfCandidate(candidate) === null);

/** Null: the text says it all. */
const outputOf = (candidates: readonly JsonObject[]): JsonValue => {
  const [only] = candidates;
  if (only === undefined) return null;
  if (candidates.length > 1 || hasBesides(only)) return candidates;
  return hasMoreThanText(only) ? (only['content'] ?? null) : null;
};

/** What a response without a candidate is. */
const faultWithout = ({ promptFeedback, usageMetadata }: JsonObject) => {
  const blocked = isJsonObject(promptFeedback) ? faultOfBlock(promptFeedback['blockReason']) : null;
  if (blocked !== null) return blocked;
  return isJsonObject(usageMetadata)
    ? emptyFault
    : fault('malformed_result', 'the response has no candidates');
};

/**
 * `generateContent`. Several candidates are answers side by side: one that is whole is an answer,
 * and the others do not spoil it. Text, calls and finish reason are those of the first whole one;
 * the output is all of them.
 */
export const candidatesReader: AnswerReader = {
  usageOf,
  faultOf: (response) => {
    const written = candidatesOf(response);
    const candidates = inOrder(written);
    const [first] = candidates;
    if (first === undefined) return faultWithout(response);
    if (firstWhole(candidates) === undefined) return faultOfCandidate(first);
    return isTooDeep(outputOf(written)) ? tooDeepFault : null;
  },
  contentOf: (response): BodyContent => {
    const written = candidatesOf(response);
    const candidates = inOrder(written);
    const candidate = firstWhole(candidates) ?? candidates[0];
    if (candidate === undefined) return { ...noContent, finishReason: blockedIn(response) };
    const outputText = textOf(candidate);
    const calls = callsOf(candidate);
    const { finishReason: reason } = candidate;
    const whole = candidates.filter((each) => faultOfCandidate(each) === null);
    return {
      outputText,
      output: outputOf(written) ?? outputText,
      finishReason: isText(reason) ? reason : null,
      toolCalls: calls.length === 0 ? null : calls,
      ...textsBeside(outputText, whole.flatMap(textsOf)),
    };
  },
};

/** Why a prompt was blocked, in the API's word. */
const blockedIn = ({ promptFeedback: feedback }: JsonObject): string | null =>
  isJsonObject(feedback) && isText(feedback['blockReason']) ? feedback['blockReason'] : null;

/** The texts that may each be the structured answer, where they are not just the row's text. */
const textsBeside = (
  outputText: string | null,
  candidates: readonly string[],
): Pick<BodyContent, 'texts'> => {
  const texts = [...new Set(candidates.filter(isText))].slice(0, textsMax);
  const isAll =
    texts.length === 0
      ? !isText(outputText ?? undefined)
      : texts.length === 1 && texts[0] === outputText;
  return isAll ? {} : { texts };
};
