import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import type { Cell, TableColumn, TableColumnType, TableStream } from '../../lib/ports/table.ts';
import { fileSource } from '../compose-files.ts';
import type { InputFile } from '../job/input-kinds.ts';
import { entriesOf, type FileRow } from '../job/row-file.ts';
import type { JoinCounts, JoinedRow } from './join-rows.ts';

// The user's rows as a table, in a format that is not that of their file. The file is read once
// more in front, since a table names its columns before its rows.

/**
 * The columns of all rows of the file, with types that hold every value: numbers and texts are
 * texts, anything beside lists and objects is JSON.
 */
export const columnsOfFile = async (
  input: InputFile,
  path: string,
  options: { readonly idField: string; readonly keepsDigits: boolean },
): Promise<readonly TableColumn[]> => {
  const types = new Map<string, TableColumnType | null>();
  const source = await fileSource(input, path, options);
  for await (const pulled of source.read(null, { signal: new AbortController().signal }))
    for (const entry of entriesOf(pulled))
      for (const [name, value] of Object.entries(rowOf(entry) ?? {}))
        types.set(name, widened(types.get(name) ?? null, typeOf(value ?? null)));
  return [...types].map(([name, type]) => ({ name, type: type ?? 'text' }));
};

/** What could be read of a row; null: nothing. */
const rowOf = (entry: SourceEntry): JsonObject | null => {
  const row = 'item' in entry ? entry.item.payload : entry.bad.row;
  return isJsonObject(row) ? row : null;
};

/** Null: it says nothing. */
const typeOf = (value: JsonValue): TableColumnType | null => {
  if (value === null) return null;
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value !== 'number') return 'json';
  return Number.isSafeInteger(value) ? 'integer' : 'number';
};

const widened = (a: TableColumnType | null, b: TableColumnType | null): TableColumnType | null => {
  if (a === null || b === null || a === b) return a ?? b;
  const both = [a, b];
  if (both.includes('json') || both.includes('boolean')) return 'json';
  return both.includes('text') ? 'text' : 'number';
};

export interface JoinedTableOptions {
  /** Of the file, and of the results. */
  readonly own: readonly TableColumn[];
  readonly added: readonly TableColumn[];
  readonly counts: JoinCounts;
  /** Rows without a result are left out. */
  readonly drops: boolean;
  /** Numbers have the digits of the file: for a format of text. */
  readonly isText: boolean;
}

/** The joined rows as a table: the columns of the file, then those of the results. */
export const joinedTable = (
  joined: AsyncIterable<readonly JoinedRow[]>,
  { own, added, counts, drops, isText }: JoinedTableOptions,
): TableStream => ({
  columns: [...own, ...added],
  pages: (async function* () {
    for await (const rows of joined) {
      const kept = rows.filter(({ cells }) => cells !== null || !drops);
      counts.rows += kept.length;
      counts.matched += kept.filter(({ cells }) => cells !== null).length;
      if (kept.length === 0) continue;
      yield {
        rowCount: kept.length,
        columns: [
          ...own.map((column) => kept.map(({ row }) => cellOf(column, row, isText))),
          ...added.map((_, at) => kept.map(({ cells }) => cells?.[at] ?? null)),
        ],
      };
    }
  })(),
});

const cellOf = (
  { name, type }: TableColumn,
  { keys, written }: Pick<FileRow, 'keys' | 'written'>,
  isText: boolean,
): Cell => {
  const value = keys !== null && Object.hasOwn(keys, name) ? (keys[name] ?? null) : null;
  if (value === null) return null;
  if (type === 'json') return written?.get(name) ?? JSON.stringify(value);
  if (typeof value !== 'number') return value as Cell;
  // A text of the cell's own digits is written as it is.
  return type === 'text' || isText ? (written?.get(name) ?? JSON.stringify(value)) : value;
};
