import { onOneLine } from '../../lib/core/json/json-members.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { fileSource, jsonLineExtender } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import type { InputFile } from './input-kinds.ts';
import { entriesOf, extendJsonRow, type FileRow, type RowFile, tellOf } from './row-file.ts';

interface RecordFileOptions {
  readonly idField: string;
  readonly keepsDigits: boolean;
  /**
   * What to do about a row of which nothing can be read; null: it has no columns, for a table.
   */
  readonly otherwise: string | null;
}

/**
 * A JSON, Parquet or Arrow file, to be written as JSON lines with fields added. Rows of JSON are as
 * they are written, on one line; those of the others have the values that a run reads. Holds one
 * slice of rows. Of a row with a cell that cannot be read, the others are kept. Throws a
 * `CliFailure` for a row of which nothing can be read: its columns would be lost.
 */
export const openRecordFile = async (
  input: InputFile,
  path: string,
  { idField, keepsDigits, otherwise }: RecordFileOptions,
): Promise<RowFile> => {
  const abort = new AbortController();
  const source = await fileSource(input, path, { idField, keepsDigits, keepsText: true });
  const extendLine = await jsonLineExtender();
  const pulls = source.read(null, { signal: abort.signal })[Symbol.asyncIterator]();
  let index = 0;
  const rowOf = (entry: SourceEntry): FileRow => {
    const read = tellOf(entry);
    const place = { index: index++, ...read };
    if (otherwise === null) return { ...place, text: '' };
    if (place.keys === null)
      throw new CliFailure(
        `${input.given}, row ${place.index + 1}: ${'bad' in entry ? entry.bad.reason : 'it is no object'}. Its columns would be lost`,
        { hint: otherwise },
      );
    const { text = JSON.stringify(place.keys) } = entry;
    return { ...place, text: latin1Of(`${onOneLine(text.trim())}\n`) };
  };
  const next = async (): Promise<readonly FileRow[] | null> => {
    const pulled = await pulls.next();
    return pulled.done === true ? null : entriesOf(pulled.value).map(rowOf);
  };
  const first = await next();
  return {
    encoding: 'utf-8',
    inputEncoding: 'utf-8',
    names: [...new Set((first ?? []).flatMap(({ keys }) => Object.keys(keys ?? {})))],
    head: () => '',
    async *slices() {
      for (let rows = first; rows !== null; rows = await next()) if (rows.length > 0) yield rows;
    },
    extend: (row, added) => extendJsonRow(input, row, added, extendLine),
    // Nothing stands behind the last row.
    async *tail() {},
    close: async () => {
      abort.abort();
      await pulls.return?.(undefined).catch(() => undefined);
    },
  };
};

/** Its bytes as UTF-8, one character each, as rows of a file have them. */
const latin1Of = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
