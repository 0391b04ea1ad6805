import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { type ExactJson, type NumberReading, parseExact } from '../files/exact-json.ts';
import { messageOf, nameOf } from '../files/row-mapping.ts';
import { decodeUtf8 } from '../files/utf8.ts';

/** A row, and how it writes fields whose numbers JavaScript would write otherwise. */
export interface JsonRow {
  readonly value: JsonObject;
  readonly written: ReadonlyMap<string, string> | null;
  readonly text: string;
  /** True behind a byte order mark inside the file: several files were put together. */
  readonly hasMark: boolean;
}

export type ParsedRow =
  | { readonly type: 'row'; readonly row: JsonRow }
  | { readonly type: 'bad'; readonly reason: string; readonly isUndecodable?: true };

const byteOrderMark = '\u{FEFF}';

/**
 * JSON's own white space. The carriage return of a CRLF is white space to JSON too, so a good line
 * needs no trimming.
 */
const BLANK = /^[ \t\r]*$/;

/**
 * The row that the bytes are; null where they are blank. `what` names them in reasons: the line.
 */
export const parseRow = (bytes: Buffer, what: string, numbers: NumberReading): ParsedRow | null => {
  const decoded = decodeUtf8(bytes);
  if (decoded === null) return { type: 'bad', reason: what, isUndecodable: true };
  const hasMark = decoded.startsWith(byteOrderMark);
  const text = hasMark ? decoded.slice(1) : decoded;
  if (BLANK.test(text)) return null;
  let parsed: ExactJson;
  try {
    parsed = parseExact(text, numbers);
  } catch (error) {
    return { type: 'bad', reason: `${what} is not JSON: ${messageOf(error)}` };
  }
  const { value, written } = parsed;
  return isJsonObject(value)
    ? { type: 'row', row: { value, written, text, hasMark } }
    : { type: 'bad', reason: `${what} is ${nameOf(value)}, not a JSON object` };
};
