import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { FileReading } from '../files/file-reading.ts';
import type { FileRow } from '../files/file-source.ts';
import { openWindow } from '../files/file-window.ts';
import { messageOf, nameOf } from '../files/row-mapping.ts';
import { decodeUtf8, skipMark } from '../files/utf8.ts';
import { readLines } from './read-lines.ts';

/** The rows of a JSONL file: a JSON object per line. Anything else on a line is a bad row, a blank line is none. One pass over the bytes. */
export async function* readJsonl(
  reading: FileReading,
  options: { readonly lineBytesMax: number },
): AsyncGenerator<readonly FileRow<JsonObject>[]> {
  const window = await openWindow(reading, reading.from);
  try {
    if (reading.from === null) await skipMark(window, reading.file.path);
    let index = reading.from?.index ?? 0;
    for await (const lines of readLines(window, { line: reading.from?.line ?? 1, lineBytesMax: options.lineBytesMax })) {
      const rows: FileRow<JsonObject>[] = [];
      for (const { bytes, line, endOffset } of lines) {
        const parsed =
          bytes === null ? fault(`the line is longer than ${options.lineBytesMax} bytes, the most that a row may have`) : parseLine(bytes);
        if (parsed === null) continue;
        index += 1;
        const position = window.positionAt(endOffset, line + 1, index);
        // Written out: spreading the parsed line halved the speed of the whole source.
        if (parsed.type === 'row') rows.push({ type: 'row', value: parsed.value, line, position });
        else rows.push({ ...parsed, field: null, line, position });
      }
      yield rows;
    }
  } finally {
    await window.close();
  }
}

type ParsedLine =
  { readonly type: 'row'; readonly value: JsonObject } | { readonly type: 'bad'; readonly reason: string; readonly isUndecodable?: true };

const fault = (reason: string): ParsedLine => ({ type: 'bad', reason });

/** JSON's own white space. The carriage return of a CRLF is white space to JSON too, so a good line needs no trimming. */
const BLANK = /^[ \t\r]*$/;

/** Null for a blank line. */
const parseLine = (bytes: Buffer): ParsedLine | null => {
  const text = decodeUtf8(bytes);
  if (text === null) return { type: 'bad', reason: 'the line', isUndecodable: true };
  if (BLANK.test(text)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fault(`the line is not JSON: ${messageOf(error)}`);
  }
  return isJsonObject(value) ? { type: 'row', value } : fault(`the line is ${nameOf(value)}, not a JSON object`);
};
