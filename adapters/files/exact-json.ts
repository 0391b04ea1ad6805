import {
  isJsonObject,
  type JsonObject,
  isTooDeep,
  jsonDepthMax,
} from '../../lib/core/json/json.ts';
import { isExactly } from './exact-number.ts';
import { mayRespell, numbersAsTexts } from '../../lib/core/json/json-numbers.ts';

/**
 * How numbers of JSON are read. `exact`: as numbers, but for those that a JavaScript number rounds
 * or cannot hold: whole ones beyond 2^53, `1e400`. They are their digits, as text. `text`: all of
 * them as the texts that they are written as. `rounded`: as `JSON.parse` gives them.
 */
export type NumberReading = 'exact' | 'text' | 'rounded';

/** A JSON text, read. */
export interface ExactJson {
  readonly value: unknown;
  /**
   * Of an object: the texts of those fields in which a number is written otherwise than JavaScript
   * would; null: there are none.
   */
  readonly written: ReadonlyMap<string, string> | null;
}

/**
 * Reads a JSON text whose numbers keep their digits. Throws as `JSON.parse` does. A text without
 * odd numbers costs a look at what stands between its strings.
 */
export const parseExact = (text: string, reading: NumberReading): ExactJson => {
  const value: unknown = JSON.parse(text);
  if (reading === 'rounded') return { value, written: null };
  if (reading === 'text')
    return { value: JSON.parse(numbersAsTexts(text, () => true)), written: null };
  if (!mayRespell(text)) return { value, written: null };
  const asTexts: unknown = JSON.parse(numbersAsTexts(text, isRespelled));
  const written =
    isJsonObject(value) && isJsonObject(asTexts) ? writtenFields(value, asTexts) : null;
  return { value: exactly(value, asTexts, jsonDepthMax), written };
};

/**
 * Reads a JSON text of any value, as `parseExact` does. `written`: the text with each number as it
 * is written; null: JavaScript writes the same. Throws as `JSON.parse` does.
 */
export const parseExactValue = (
  text: string,
): { readonly value: unknown; readonly written: string | null } => {
  const value: unknown = JSON.parse(text);
  if (!mayRespell(text)) return { value, written: null };
  const asTexts: unknown = JSON.parse(numbersAsTexts(text, isRespelled));
  const isOdd = isOtherwise(value, asTexts, jsonDepthMax) && !isTooDeep(value);
  const written = isOdd ? writeAs(value, asTexts) : null;
  return { value: exactly(value, asTexts, jsonDepthMax), written };
};

/** JavaScript would write the same number otherwise, or cannot vouch for its digits. */
const isRespelled = (number: string): boolean =>
  JSON.stringify(Number(number)) !== number || Math.abs(Number(number)) >= 2 ** 53;

// The same text was read twice, the second time with its odd numbers as texts: where one has a
// number and the other a text, the text is how it is written.

const writtenFields = (
  value: JsonObject,
  asTexts: JsonObject,
): ReadonlyMap<string, string> | null => {
  const written = new Map<string, string>();
  for (const name of Object.keys(value)) {
    const [field, asText] = [value[name], asTexts[name]];
    if (typeof field === 'number' && typeof asText === 'string') written.set(name, asText);
    // What is deeper than any row may be is no prompt.
    else if (isOtherwise(field, asText, jsonDepthMax) && !isTooDeep(field))
      written.set(name, writeAs(field, asText));
  }
  return written.size === 0 ? null : written;
};

/**
 * True where a number inside is written otherwise. What is nested deeper than any row may be is
 * left as it is.
 */
const isOtherwise = (value: unknown, asTexts: unknown, depthLeft: number): boolean => {
  if (typeof value === 'number') return typeof asTexts === 'string';
  if (typeof value !== 'object' || value === null || depthLeft === 0) return false;
  return entriesOf(value, asTexts).some(([, inner, asText]) =>
    isOtherwise(inner, asText, depthLeft - 1),
  );
};

/** JSON with each number as it is written. */
const writeAs = (value: unknown, asTexts: unknown): string => {
  if (typeof value === 'number' && typeof asTexts === 'string') return asTexts;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = entriesOf(value, asTexts).map(
    ([name, inner, asText]) => [name, writeAs(inner, asText)] as const,
  );
  if (Array.isArray(value)) return `[${parts.map(([, part]) => part).join(',')}]`;
  return `{${parts.map(([name, part]) => `${JSON.stringify(name)}:${part}`).join(',')}}`;
};

/** Puts digits in the place of numbers that lost some; changes `value`, which was parsed for it. */
const exactly = (value: unknown, asTexts: unknown, depthLeft: number): unknown => {
  if (typeof value === 'number')
    return typeof asTexts === 'string' && !isExactly(value, asTexts) ? asTexts : value;
  if (typeof value !== 'object' || value === null || depthLeft === 0) return value;
  for (const [name, inner, asText] of entriesOf(value, asTexts)) {
    const exact = exactly(inner, asText, depthLeft - 1);
    // A name that was parsed is a field of the object's own, `__proto__` too.
    if (exact !== inner) (value as Record<string, unknown>)[name] = exact;
  }
  return value;
};

const entriesOf = (
  value: object,
  asTexts: unknown,
): readonly (readonly [string, unknown, unknown])[] =>
  Object.entries(value).map(([name, inner]) => [
    name,
    inner,
    (asTexts as Readonly<Record<string, unknown>>)[name],
  ]);
