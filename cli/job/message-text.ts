import {
  type JsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../lib/core/json/json.ts';
import { isMessage } from './row-value.ts';

/** A text as chat messages; `reason` completes a sentence that begins with the field. */
export type MessageText =
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

const unusable = (reason: string): MessageText => ({ type: 'unusable', reason });
