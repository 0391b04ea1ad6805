import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../lib/core/json/json.ts';
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
export const readRowValue = (value: JsonValue): RowValue => {
  if (value === null) return unusable('is null');
  if (isTooDeep(value)) return unusable(`is nested more than ${jsonDepthMax} levels deep`);
  if (Array.isArray(value)) return readList(value as readonly JsonValue[]);
  if (isJsonObject(value))
    return unusable(
      'holds an object: name a field of text, or build the prompt in a job module (--job)',
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

const unusable = (reason: string): RowValue => ({ type: 'unusable', reason });
