import { isTooDeep, type JsonValue, jsonDepthMax } from './json.ts';
import { onOneLine } from './json-members.ts';

/** What a value is, in words for a message: `a list`, `a number`, `null`. */
export const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
};

/** JSON on one line, with the value that it states; or why a text is none that can be sent. */
export type ReadJsonText =
  { readonly text: string; readonly value: JsonValue } | { readonly reason: string };

/** Reads a member of a prompt object that is JSON text already; `wrap` puts it where it is sent. */
export const readJsonText = (
  member: string,
  given: unknown,
  wrap: (text: string) => string = (text) => text,
): ReadJsonText => {
  if (typeof given !== 'string') return { reason: `"${member}" is ${kindOf(given)}, not a string` };
  const text = onOneLine(wrap(given));
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return { reason: `"${member}" is not JSON: ${String(error)}` };
  }
  return isTooDeep(value)
    ? { reason: `"${member}" is nested more than ${jsonDepthMax} levels deep` }
    : { text, value };
};
