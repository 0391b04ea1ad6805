import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../lib/core/json/json.ts';
import { quoted } from '../shell/quoted.ts';
import { textOf } from './template.ts';

/**
 * A field of a row as model input: a text, messages, several texts, or unusable. `reason` completes
 * a sentence that begins with the field.
 */
export type RowValue =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'messages'; readonly messages: readonly JsonObject[] }
  | { readonly type: 'texts'; readonly texts: readonly string[] }
  | { readonly type: 'unusable'; readonly reason: string };

/**
 * Reads a field as model input. Numbers and booleans become their JSON text; other lists and
 * objects are unusable, not guessed at.
 */
export const readRowValue = (value: JsonValue, field: string): RowValue => {
  if (value === null) return unusable('is null');
  if (isTooDeep(value)) return unusable(`is nested more than ${jsonDepthMax} levels deep`);
  if (Array.isArray(value)) return readList(value as readonly JsonValue[]);
  if (isJsonObject(value))
    return unusable(
      `holds an object: name a field of text, or send it as JSON with --prompt-template ${quoted(`{{${field}}}`)} instead`,
    );
  const text = textOf(value);
  return text.trim() === '' ? unusable('is empty') : { type: 'text', text };
};

const readList = (list: readonly JsonValue[]): RowValue => {
  if (list.length === 0) return unusable('is an empty list');
  if (list.every(isMessage)) return { type: 'messages', messages: list };
  if (list.every((each) => typeof each === 'string')) return { type: 'texts', texts: list };
  return unusable(
    'holds a list that is neither of chat messages ({"role", "content"}) nor of texts',
  );
};

const withMessages: readonly string[] = [
  'responses',
  'chat.completions',
  'messages',
  'generateContent',
];

/** Endpoints to which a list of chat messages can be sent. */
export const takesMessages = (endpoint: string): boolean => withMessages.includes(endpoint);

/** Of chat completions, or an input item of responses. */
export const isMessage = (value: JsonValue): value is JsonObject =>
  isJsonObject(value) &&
  typeof value['role'] === 'string' &&
  (value['content'] !== undefined || value['tool_calls'] !== undefined);

const unusable = (reason: string) => ({ type: 'unusable', reason }) as const;

/** A text as chat messages; `reason` completes a sentence that begins with the field. */
type MessageText =
  | { readonly type: 'messages'; readonly messages: readonly JsonObject[]; readonly json: string }
  | { readonly type: 'unusable'; readonly reason: string };

/** Reads a text that is a JSON list of chat messages, as a column of a CSV file holds them. */
export const readMessageText = (text: string): MessageText => {
  const value = jsonOf(text);
  if (value === undefined)
    return unusable(
      isPythonList(text)
        ? 'holds a list as Python prints it, not JSON: write the column with json.dumps'
        : 'holds a text that is not JSON: write a list of chat messages, [{"role": …, "content": …}]',
    );
  if (isTooDeep(value)) return unusable(`is nested more than ${jsonDepthMax} levels deep`);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMessage))
    return unusable('holds JSON that is not a list of chat messages ({"role", "content"})');
  // Line breaks stand only between the elements of JSON: in its strings they are escaped.
  return { type: 'messages', messages: value, json: text.trim().replaceAll(/[\r\n]+/gu, ' ') };
};

/** True for a text that is a list of chat messages as JSON, or as Python prints it. */
export const isMessageText = (text: string): boolean =>
  /^\s*\[\s*\{/u.test(text) &&
  /['"]role['"]\s*:/u.test(text) &&
  (isPythonList(text) || readMessageText(text).type === 'messages');

/** A data frame writes a column of lists by `str`: single quotes, True, None. */
const isPythonList = (text: string): boolean =>
  /^\s*\[\s*\{\s*'\w+'\s*:/u.test(text) && /'role'\s*:/u.test(text) && /\}\s*\]\s*$/u.test(text);

const jsonOf = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
