import type { JsonValue } from '../../../lib/core/json/json.ts';

/**
 * JSON text in which U+2028 and U+2029 are escaped: legal inside JSON, they are ends of lines to
 * some readers (Python's splitlines, Node 24's readline).
 */
export const quote = (value: JsonValue): string => escapeSeparators(JSON.stringify(value));

/** The same of JSON that is text already. */
export const escapeSeparators = (text: string): string =>
  text.includes('\u2028') || text.includes('\u2029')
    ? text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : text;
