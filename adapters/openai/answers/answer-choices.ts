import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import {
  type AnswerReader,
  type BodyContent,
  type BodyFault,
  emptyFault,
  fault,
  isFilledList,
  isText,
  listOf,
  textsBeside,
  tooDeepFault,
  wholeThenParts,
} from './answer-reader.ts';
import {
  callsOf,
  hasMoreThanText,
  messageText,
  messageTexts,
  readsNothing,
  refusalOf,
} from './chat-message.ts';
import { faultOfFinish } from './finish-reasons.ts';

/** What the two APIs that answer in choices say differently. */
interface ChoiceReading {
  readonly faultOf: (choice: JsonObject) => BodyFault | null;
  readonly textOf: (choice: JsonObject) => string | null;
  /** Its texts, each of which may be the structured answer, the likeliest first. */
  readonly textsOf: (choice: JsonObject) => readonly string[];
  readonly refusalOf: (choice: JsonObject) => string | null;
  readonly callsOf: (choice: JsonObject) => readonly JsonObject[];
  /** The output of a choice that stands alone; null: its text. */
  readonly moreOf: (choice: JsonObject) => JsonValue;
}

const choicesOf = (body: JsonObject): readonly JsonObject[] =>
  (listOf(body['choices']) ?? []).filter(isJsonObject);

/** In the order of their numbers, which is not always that of the list. */
const inOrder = (choices: readonly JsonObject[]): readonly JsonObject[] => {
  const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' ? index : NaN);
  return choices.some((choice) => Number.isNaN(indexOf(choice)))
    ? choices
    : choices.toSorted((a, b) => indexOf(a) - indexOf(b));
};

/**
 * Several choices (`n` above 1) are answers side by side: one that is whole is an answer, and the
 * others do not spoil it. Text, calls and finish reason are those of the first whole one; the
 * output is all of them.
 */
const readerOf = (reading: ChoiceReading, wordsPath: RegExp, missing: BodyFault): AnswerReader => {
  const firstWhole = (choices: readonly JsonObject[]): JsonObject | undefined =>
    choices.find((choice) => reading.faultOf(choice) === null);
  return {
    wordsPath,
    faultOf: (body) => {
      const written = choicesOf(body);
      const choices = inOrder(written);
      const [first] = choices;
      if (first === undefined) return missing;
      if (firstWhole(choices) === undefined) return reading.faultOf(first);
      const output = outputOf(written, reading);
      return output !== null && isTooDeep(output) ? tooDeepFault : null;
    },
    contentOf: (body): BodyContent => {
      const written = choicesOf(body);
      const choices = inOrder(written);
      const choice = firstWhole(choices) ?? choices[0];
      if (choice === undefined)
        return { outputText: null, output: null, finishReason: null, toolCalls: null };
      const outputText = reading.textOf(choice) ?? reading.refusalOf(choice);
      const calls = reading.callsOf(choice);
      const reason = choice['finish_reason'];
      return {
        outputText,
        output: outputOf(written, reading) ?? outputText,
        finishReason: isText(reason) ? reason : null,
        toolCalls: calls.length === 0 ? null : calls,
        ...textsBeside(outputText, structuredTexts(choices, reading)),
      };
    },
  };
};

/** Null: the text says it all. */
const outputOf = (choices: readonly JsonObject[], { moreOf }: ChoiceReading): JsonValue => {
  const [only] = choices;
  if (only === undefined) return null;
  return choices.length > 1 || hasLogprobs(only) ? choices : moreOf(only);
};

/** Chat lists them by token, completions in columns (openai 6.49). */
const hasLogprobs = ({ logprobs }: JsonObject): boolean =>
  isJsonObject(logprobs) &&
  (isFilledList(logprobs['content']) ||
    isFilledList(logprobs['refusal']) ||
    isFilledList(logprobs['tokens']));

/** Those of whole choices first, then what was said beside a refusal. */
const structuredTexts = (
  choices: readonly JsonObject[],
  { faultOf, textsOf }: ChoiceReading,
): readonly string[] => {
  const faults = choices.map(faultOf);
  const textsWhere = (is: (fault: BodyFault | null) => boolean): readonly string[] =>
    choices.filter((_, index) => is(faults[index] ?? null)).flatMap(textsOf);
  return [
    ...textsWhere((found) => found === null),
    ...textsWhere((found) => found?.failureClass === 'refusal'),
  ];
};

/** `/v1/chat/completions`. */
export const chatReader: AnswerReader = readerOf(
  {
    faultOf: (choice) => {
      const { message } = choice;
      if (!isJsonObject(message)) return fault('malformed_result', 'the completion has no message');
      const refusal = refusalOf(message);
      if (refusal !== null) return fault('refusal', refusal);
      return (
        faultOfFinish('chat.completions', choice['finish_reason']) ??
        (readsNothing(message) ? emptyFault : null)
      );
    },
    textOf: ({ message }) => (isJsonObject(message) ? messageText(message) : null),
    textsOf: ({ message }) => (isJsonObject(message) ? wholeThenParts(messageTexts(message)) : []),
    refusalOf: ({ message }) => (isJsonObject(message) ? refusalOf(message) : null),
    callsOf: ({ message }) => (isJsonObject(message) ? callsOf(message) : []),
    moreOf: ({ message }) => {
      if (!isJsonObject(message) || !hasMoreThanText(message)) return null;
      const { content } = message;
      // Without calls and media beside it, a list of parts is all there is.
      return Array.isArray(content) && !hasMoreThanText({ ...message, content: null })
        ? (content as readonly JsonValue[])
        : message;
    },
  },
  /^response\.body\.choices\.0\.message\.content$/,
  fault('malformed_result', 'the completion has no message'),
);

/** `/v1/completions`. */
export const completionsReader: AnswerReader = readerOf(
  {
    faultOf: ({ text, finish_reason: reason }) => {
      if (typeof text !== 'string') return fault('malformed_result', 'the completion has no text');
      return faultOfFinish('completions', reason) ?? (isText(text) ? null : emptyFault);
    },
    textOf: ({ text }) => (typeof text === 'string' ? text : null),
    textsOf: ({ text }) => (typeof text === 'string' ? [text] : []),
    refusalOf: () => null,
    callsOf: () => [],
    moreOf: () => null,
  },
  /^response\.body\.choices\.0\.text$/,
  fault('malformed_result', 'the completion has no text'),
);
