import type { JsonObject } from '../../lib/core/json/json.ts';
import { isJsonObject } from '../../lib/core/json/json.ts';
import type { Cell, TableColumn } from '../../lib/ports/table.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { jsonOfCell } from '../../lib/run/results/json-lines.ts';
import { fileSource, openRowText } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { type InputFile, kindOfInput } from './input-kinds.ts';

/** A row of a user's file, unchanged. */
export interface FileRow {
  /** Counts from 0 and includes bad rows, as a run counts its items. */
  readonly index: number;
  /** 1-based; null: not known. */
  readonly line: number | null;
  /** Null: no id can be read. */
  readonly itemId: string | null;
  /** Its bytes, one character each, with blank lines before it and its line end. */
  readonly text: string;
  /** The row's own keys, for JSON lines. */
  readonly keys: JsonObject | null;
}

/** A CSV or JSON lines file, to be written again with fields added. Read once; holds one slice of rows in memory. */
export interface RowFile {
  /** Names in use: the columns of CSV, the keys of the first rows of JSON lines. */
  readonly names: readonly string[];
  /** The head with the names of the new columns; empty for JSON lines. */
  head(added: readonly string[]): string;
  slices(): AsyncIterable<readonly FileRow[]>;
  /** The row with a cell for each new column; null: the row is damaged and cannot take more cells. */
  extend(row: FileRow, added: readonly (TableColumn & { readonly cell: Cell })[]): string | null;
  /** The text after the last row, in chunks of bytes. */
  tail(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Opens the file by the id field of its rows. Throws what its source throws. */
export const openRowFile = async (
  input: InputFile,
  path: string,
  ids: { readonly idField: string; readonly keepsDigits: boolean },
): Promise<RowFile> => {
  const kind = kindOfInput(input);
  if (kind !== 'csv' && kind !== 'jsonl')
    throw new CliFailure(
      `${input.given} is ${kind === 'arrow' ? 'an Arrow' : kind === 'json' ? 'a JSON' : 'a Parquet'} file: only CSV and JSON lines files can be joined`,
      {
        hint: 'Write the results as a table, and join it by item_id: --output results.parquet',
      },
    );
  if (input.quote === null)
    throw new CliFailure(
      `${input.given} is read with --quote none: an answer with a delimiter or a line end cannot be written without quotes`,
      {
        hint: 'Write the results as a table, and join it by item_id: --output results.csv',
      },
    );
  const abort = new AbortController();
  const { signal } = abort;
  const opened = await openRowText(input, path, signal);
  const { text } = opened;
  const source = await fileSource(input, path, ids);
  const slices = source.read(null, { signal })[Symbol.asyncIterator]();
  let [index, offset] = [0, opened.head?.endOffset ?? 0];
  const next = async (): Promise<readonly FileRow[] | null> => {
    const pulled = await slices.next();
    if (pulled.done === true) return null;
    const entries = (Array.isArray(pulled.value) ? pulled.value : [pulled.value]) as readonly SourceEntry[];
    const ends = entries.map(({ position }) => endOf(position));
    const bytes = (await text.upTo(ends[ends.length - 1] ?? offset)).toString('latin1');
    const from = offset;
    return entries.map((entry, at): FileRow => {
      const end = ends[at] as number;
      const row = { index, text: bytes.slice(offset - from, end - from), ...tellOf(entry) };
      index += 1;
      offset = end;
      return row;
    });
  };
  const head = opened.head === null ? '' : (await text.upTo(opened.head.endOffset)).toString('latin1');
  const first = await next();
  return {
    names: opened.head?.columns ?? [...new Set((first ?? []).flatMap(({ keys }) => Object.keys(keys ?? {})))],
    head: (added) => (opened.head === null ? '' : (opened.extend(head, added) ?? head)),
    async *slices() {
      for (let rows = first; rows !== null; rows = await next()) if (rows.length > 0) yield rows;
    },
    extend: (row, added) => {
      if (opened.head !== null)
        return opened.extend(
          row.text,
          added.map(({ cell }) => cell),
        );
      if (row.keys === null) return null;
      const clash = added.find(({ name }) => Object.hasOwn(row.keys ?? {}, name));
      if (clash !== undefined)
        throw new CliFailure(`${input.given}:${row.line ?? row.index + 1}: the row already has a field ${JSON.stringify(clash.name)}`, {
          hint: `Rename the new column: --columns my_name=${clash.name}`,
        });
      return opened.extend(
        row.text,
        added.map((column) => ({ name: column.name, json: jsonOfCell(column, column.cell) })),
      );
    },
    tail: () => text.rest(),
    close: async () => {
      abort.abort();
      await slices.return?.(undefined).catch(() => undefined);
      await text.close();
    },
  };
};

const endOf = (position: unknown): number => {
  const offset = isJsonObject(position) ? position['offset'] : undefined;
  if (typeof offset !== 'number') throw new TypeError('a position of a text file has an offset');
  return offset;
};

const tellOf = (entry: SourceEntry): Pick<FileRow, 'itemId' | 'line' | 'keys'> => {
  if ('bad' in entry) return { itemId: entry.bad.itemId, line: entry.bad.location.line, keys: null };
  const { payload, itemId } = entry.item;
  return { itemId, line: entry.location?.line ?? null, keys: isJsonObject(payload) ? payload : null };
};
