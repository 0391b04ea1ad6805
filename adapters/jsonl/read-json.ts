import { SourceError } from '../../lib/ports/source-error.ts';
import type { NumberReading } from '../files/exact-json.ts';
import type { FileReading } from '../files/file-reading.ts';
import { type FileRow, tooLongReason } from '../files/file-source.ts';
import { openWindow, type FileWindow } from '../files/file-window.ts';
import { findRows, type RowsPlace } from './find-rows.ts';
import { byte, type CursorValue, END, type JsonCursor, jsonCursor, MORE } from './json-cursor.ts';
import { type JsonRow, type ParsedRow, parseRow } from './parse-row.ts';

export interface JsonReadOptions {
  /**
   * The list of rows lies under these names; empty: it is the file, or rows stand one behind the
   * other.
   */
  readonly path: readonly string[];
  /** By which one object that holds a list is known to be a row; null: by nothing. */
  readonly idField: string | null;
  readonly rowBytesMax: number;
  readonly numbers: NumberReading;
}

/**
 * The rows of a JSON file: the objects of a list, or objects one behind the other, written over as
 * many lines as they like. What is no object is a bad row. Throws `SourceError` where brackets or
 * commas are missing, or the file is cut off, behind the rows before that place.
 */
export async function* readJson(
  reading: FileReading,
  options: JsonReadOptions,
): AsyncGenerator<readonly FileRow<JsonRow>[]> {
  const place = await findRows(reading, options);
  const from = reading.from ?? place.start;
  const window = await openWindow(reading, from);
  try {
    const cursor = jsonCursor(window, { line: from.line, bytesMax: options.rowBytesMax });
    const values = valuesIn(cursor, {
      form: place.form,
      isFirst: from.index === 0,
      isWhole: options.path.length === 0,
    });
    let index = from.index;
    let rows: FileRow<JsonRow>[] = [];
    for (;;) {
      const found = values();
      if (found === MORE || found === END || typeof found === 'string') {
        if (rows.length > 0) yield rows;
        rows = [];
        if (found === END) return;
        if (found !== MORE)
          throw new SourceError(found, { ref: reading.file.path, line: cursor.line });
        await cursor.more();
        continue;
      }
      index += 1;
      rows.push(rowOf(found, { cursor, window, index, ...options }));
    }
  } finally {
    await window.close();
  }
}

const rowOf = (
  { bytes, line }: CursorValue,
  {
    cursor,
    window,
    index,
    numbers,
    rowBytesMax,
  }: JsonReadOptions & {
    readonly cursor: JsonCursor;
    readonly window: FileWindow;
    readonly index: number;
  },
): FileRow<JsonRow> => {
  const parsed: ParsedRow =
    bytes === null
      ? {
          type: 'bad',
          reason: tooLongReason('the value', 'rowBytesMax', rowBytesMax),
        }
      : (parseRow(bytes, 'the value', numbers) ?? { type: 'bad', reason: 'the value is empty' });
  const position = window.checkpointAt(cursor.offset, cursor.line, index);
  return parsed.type === 'row'
    ? { type: 'row', value: parsed.row, line, position }
    : { ...parsed, field: null, line, position };
};

interface Values {
  readonly form: RowsPlace['form'];
  /** No value comes before these. */
  readonly isFirst: boolean;
  /** The list is the whole file: nothing stands behind it. */
  readonly isWhole: boolean;
}

/**
 * Takes one value after the other: the next one, that more bytes are needed, the end, or in words
 * what is wrong with what is there.
 */
const valuesIn = (
  cursor: JsonCursor,
  { form, isFirst, isWhole }: Values,
): (() => CursorValue | typeof MORE | typeof END | string) => {
  let state: 'first' | 'between' | 'next' | 'value' | 'over' =
    form === 'values' ? 'next' : isFirst ? 'first' : 'between';
  const inValue = (): CursorValue | typeof MORE | string => {
    const found = cursor.value();
    if (found === END)
      return `is cut off: the value that begins at byte ${String(began)} (line ${String(beganLine)}) does not end. ${whole}`;
    state = found === MORE ? 'value' : form === 'list' ? 'between' : 'next';
    return found;
  };
  let [began, beganLine] = [0, 0];
  return () => {
    for (;;) {
      if (state === 'value') return inValue();
      const next = cursor.peek();
      if (next === MORE) return MORE;
      if (next === END)
        return form === 'values' || state === 'over'
          ? END
          : `is cut off at byte ${cursor.offset}: its list does not end. ${whole}`;
      if (state === 'over')
        return isWhole
          ? `goes on behind the end of its list, at byte ${cursor.offset}. Cut that off`
          : END;
      if (next === byte.closeList && state !== 'next') {
        cursor.take();
        state = 'over';
      } else if (state === 'between') {
        if (next !== byte.comma)
          return `has no comma behind a value, at byte ${cursor.offset}. Mend it there`;
        cursor.take();
        state = 'next';
      } else if (
        next === byte.closeList ||
        next === byte.close ||
        next === byte.comma ||
        next === byte.colon
      ) {
        return `has ${JSON.stringify(String.fromCharCode(next))} where a value should be, at byte ${cursor.offset}. Mend it there`;
      } else {
        [began, beganLine] = [cursor.offset, cursor.line];
        return inValue();
      }
    }
  };
};

const whole = 'Get the whole file';
