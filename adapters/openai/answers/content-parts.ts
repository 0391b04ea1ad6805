import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import { isText, isTyped } from './answer-reader.ts';

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
