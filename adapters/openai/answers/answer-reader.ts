import type { FailureClass } from '../../../lib/core/values/failure.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';

/** Why a 200 is none. */
export interface BodyFault {
  readonly failureClass: FailureClass;
  readonly message: string;
  /** Of a truncated answer: what it names as its end is no output limit. */
  readonly stopsBeforeLimit?: true;
}

/** What a body holds, as far as it got: also of one that was cut. */
export interface BodyContent {
  /** The text, and of a refusal without one the refusal; null where there is neither. */
  readonly outputText: string | null;
  /**
   * Texts that may each be the structured answer, the likeliest first; empty: none may; absent:
   * `outputText` alone.
   */
  readonly texts?: readonly string[];
  /** The text where there is only text, else what the provider put out, as it wrote it. */
  readonly output: JsonValue;
  /** Why the answer ended, in the provider's word; null: it does not say. */
  readonly finishReason: string | null;
  /** The calls that the answer asks for, as the provider wrote them; null: none. */
  readonly toolCalls: readonly JsonObject[] | null;
}

/** Reads the 200 bodies of one endpoint. */
export interface AnswerReader {
  /**
   * Null when the body is a whole answer with something in it. Cheap: called for every line of a
   * batch.
   */
  readonly faultOf: (body: JsonObject) => BodyFault | null;
  readonly contentOf: (body: JsonObject) => BodyContent;
  /**
   * Where `contentOf` reads all its text in a whole line, when the output is text alone; null:
   * nothing is learned of such lines.
   */
  readonly wordsPath: RegExp | null;
}

export const fault = (failureClass: FailureClass, message: string): BodyFault => ({
  failureClass,
  message,
});
/**
 * An answer that is cut, or may be, and for which a higher output limit is no remedy that is known.
 */
export const stoppedFault = (message: string): BodyFault => ({
  failureClass: 'truncated',
  message,
  stopsBeforeLimit: true,
});
export const emptyFault = fault('empty_output', 'the answer has no text, no call and no media');
export const tooDeepFault = fault(
  'malformed_result',
  'the answer is nested too deeply to be given on',
);

export const listOf = (value: JsonValue | undefined): readonly JsonValue[] | null =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : null;

/** False for null, and for an object in which no member says anything. */
export const tellsError = (error: JsonValue | undefined): boolean =>
  isJsonObject(error)
    ? Object.values(error).some((value) => value !== undefined && value !== null && value !== '')
    : error !== undefined && error !== null && error !== '';

export const isFilledList = (value: JsonValue | undefined): boolean =>
  Array.isArray(value) && value.length > 0;

/**
 * Texts of one answer that are read under a schema: as many as choices of a request (128), twice.
 */
export const textsMax = 256;

/** The texts that may each be the structured answer, where they are not just the row's text. */
export const textsBeside = (
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

/** Blanks, control characters, and what is drawn as nothing (U+200B, U+FEFF) are none. */
const ink = /[^\s\p{Cc}\p{DI}]/u;
/** True for a text that a reader would see. */
export const isText = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && ink.test(value);

/** Members that name a thing, and are nothing in it. */
const names: ReadonlySet<string> = new Set([
  'type',
  'id',
  'index',
  'status',
  'role',
  'call_id',
  'object',
  'expires_at',
  'phase',
]);
const depthMax = 8;

/** True where there is anything in the value but names of itself, nulls and empty texts. */
export const saysAnything = (value: JsonValue | undefined, depth = 0): boolean => {
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? isText(value) : value !== undefined && value !== null;
  if (depth === depthMax) return true;
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).some((each) => saysAnything(each, depth + 1));
  return Object.entries(value).some(
    ([key, each]) => (depth > 0 || !names.has(key)) && saysAnything(each as JsonValue, depth + 1),
  );
};

/** True for an object that says what it is: without that, it says nothing. */
export const isTyped = (value: JsonValue): value is JsonObject =>
  isJsonObject(value) && typeof value['type'] === 'string';
export const isFilledObject = (value: JsonValue | undefined): value is JsonObject =>
  isJsonObject(value) && Object.keys(value).length > 0;

/**
 * Usage of a body in either spelling (`input_tokens` or `prompt_tokens`); null when it is not told,
 * which is not the same as none. What is no count (negative, broken, beyond all bounds) is not told
 * either: it would spoil the sum of the run.
 */
export const usageOf = (body: JsonObject): TokenUsage | null => {
  const { usage } = body;
  if (!isJsonObject(usage)) return null;
  const inputTokens = usage['input_tokens'] ?? usage['prompt_tokens'];
  if (!isCount(inputTokens)) return null;
  return {
    inputTokens: count(inputTokens),
    cachedInputTokens: detail(
      usage['input_tokens_details'] ?? usage['prompt_tokens_details'],
      'cached_tokens',
    ),
    // Embeddings put nothing out and do not say so.
    outputTokens: count(usage['output_tokens'] ?? usage['completion_tokens']),
    reasoningTokens: detail(
      usage['output_tokens_details'] ?? usage['completion_tokens_details'],
      'reasoning_tokens',
    ),
  };
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
// JSON has a zero below zero.
const count = (value: JsonValue | undefined): number => (isCount(value) ? Math.max(0, value) : 0);
const detail = (details: JsonValue | undefined, name: string): number =>
  isJsonObject(details) ? count(details[name]) : 0;

/**
 * The parts of a message's content. It is a text, or a list of parts, by both APIs' reference
 * (openai 6.49). Other services send one part without its list, texts as parts, parts of text
 * without a type, and the answer's JSON itself, which is then its text.
 */
export const partsOf = (content: JsonValue | undefined): readonly JsonObject[] => {
  if (Array.isArray(content))
    return (content as readonly JsonValue[]).map(partOf).filter((part) => part !== null);
  if (!isJsonObject(content)) return typeof content === 'string' ? [textPart(content)] : [];
  const part = partOf(content);
  if (part !== null) return [part];
  return Object.keys(content).length === 0 || isTooDeep(content)
    ? []
    : [textPart(JSON.stringify(content))];
};

const textPart = (text: string): JsonObject => ({ type: 'text', text });

/** Null for what does not say what it is. */
const partOf = (value: JsonValue): JsonObject | null => {
  if (typeof value === 'string') return textPart(value);
  if (!isJsonObject(value)) return null;
  if (isTyped(value)) return value;
  const { type, text } = value;
  return (type === undefined || type === null) && typeof text === 'string' ? textPart(text) : null;
};

export const isPartOfText = ({ type }: JsonObject): boolean =>
  type === 'text' || type === 'output_text';

/** The texts of a content, one of each part of text. */
export const partTexts = (parts: readonly JsonObject[]): readonly string[] =>
  parts.flatMap((part) =>
    isPartOfText(part) && typeof part['text'] === 'string' ? [part['text']] : [],
  );

/** Null where no part refuses: a refusal of no words is none. */
export const refusalIn = (parts: readonly JsonObject[]): string | null => {
  for (const { type, refusal } of parts) {
    if (type !== 'refusal') continue;
    if (isText(refusal)) return refusal;
    if (refusal === undefined) return 'the model refused';
  }
  return null;
};

/**
 * Texts by how likely each is the structured answer: the whole, then its parts from the last to the
 * first, as what comes before an answer introduces it.
 */
export const wholeThenParts = (texts: readonly string[]): readonly string[] =>
  texts.length < 2 ? texts : [texts.join(''), ...texts.toReversed()];
