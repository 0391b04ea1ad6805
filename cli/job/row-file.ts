import type { JsonObject } from '../../lib/core/json/json.ts';
import { isJsonObject } from '../../lib/core/json/json.ts';
import type { Cell, TableColumn } from '../../lib/ports/table.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { jsonOfCell } from '../../lib/run/results/json-lines.ts';
import { encodingOfText, fileSource, openRawText, openRowText } from '../compose-files.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import { CliFailure } from '../shell/failure.ts';
import type { InputFile } from './input-kinds.ts';

/** A row of a user's file, unchanged. */
export interface FileRow {
  /** Counts from 0 and includes bad rows, as a run counts its items. */
  readonly index: number;
  /** 1-based; null: not known. */
  readonly line: number | null;
  /** Null: no id can be read. */
  readonly itemId: string | null;
  /**
   * Its bytes, one character each, as UTF-8 or in the encoding of the file, with blank lines before
   * it and its line end.
   */
  readonly text: string;
  /** What of the row could be read, by its keys or columns; null: nothing. */
  readonly keys: JsonObject | null;
  /** How it writes fields whose numbers JavaScript would write otherwise. */
  readonly written?: ReadonlyMap<string, string> | undefined;
}

/**
 * A CSV or JSON lines file, to be written again with fields added. Read once; holds one slice of
 * rows in memory.
 */
export interface RowFile {
  /** Of the rows that this gives: `utf-8`, or that of the file. */
  readonly encoding: string;
  /** Of the file. */
  readonly inputEncoding: string;
  /** Names in use: the columns of CSV, the keys of the first rows of JSON lines. */
  readonly names: readonly string[];
  /** The head with the names of the new columns; empty for JSON lines. */
  head(added: readonly string[]): string;
  slices(): AsyncIterable<readonly FileRow[]>;
  /**
   * The row with a cell for each new column; null: the row is damaged and cannot take more cells.
   */
  extend(row: FileRow, added: readonly (TableColumn & { readonly cell: Cell })[]): string | null;
  /** The text after the last row, in chunks of bytes. */
  tail(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface RowFileOptions {
  readonly idField: string;
  readonly keepsDigits: boolean;
  /**
   * Rows in the encoding of the file, where it can be split into lines; to be written without new
   * columns. Default: as UTF-8.
   */
  readonly isRaw?: boolean;
}

/**
 * Opens the file by the id field of its rows. Throws what its source throws; a column that is
 * missing may be one of another delimiter.
 */
export const openRowFile = (
  input: InputFile,
  path: string,
  options: RowFileOptions,
): Promise<RowFile> =>
  openFile(input, path, options).catch((error: unknown) => {
    const { delimiter = ',' } = input;
    if (!(error instanceof SourceError) || !error.message.includes('is not in the header'))
      throw error;
    const split = delimiter === '\t' ? 'tabs' : JSON.stringify(delimiter);
    throw new CliFailure(error.message, {
      hint: `Its header was split by ${split}. If its fields are separated otherwise: --delimiter CHARACTER. Or name its column with the ids: --id-field NAME.`,
    });
  });

const openFile = async (
  input: InputFile,
  path: string,
  options: RowFileOptions,
): Promise<RowFile> => {
  requireRowText(input, options);
  const abort = new AbortController();
  const { signal } = abort;
  const found = (await encodingOfText({ ...input, absolute: path })) ?? 'utf-8';
  const raw =
    options.isRaw === true && found !== 'utf-8'
      ? await openRawText(path, { encoding: found, signal })
      : null;
  const opened = await openRowText(input, path, signal);
  const { text } = opened;
  /** The text up to this offset: as UTF-8, or as the same lines stand in the file. */
  const cut = async (offset: number): Promise<string> =>
    (await text.upTo(offset)).toString('latin1');
  const asWritten = async (decoded: readonly string[]): Promise<readonly string[]> =>
    raw === null
      ? decoded
      : (await raw.take(decoded.map(linesIn))).map((bytes) => bytes.toString('latin1'));
  const source = await fileSource(input, path, options);
  const slices = source.read(null, { signal })[Symbol.asyncIterator]();
  let [index, offset] = [0, opened.head?.endOffset ?? 0];
  const next = async (): Promise<readonly FileRow[] | null> => {
    const pulled = await slices.next();
    if (pulled.done === true) return null;
    const entries = entriesOf(pulled.value);
    const ends = entries.map(({ position }) => endOf(position));
    const decoded = await cut(ends[ends.length - 1] ?? offset);
    const from = offset;
    const texts = await asWritten(
      ends.map((end, at) => decoded.slice((ends[at - 1] ?? from) - from, end - from)),
    );
    offset = ends[ends.length - 1] ?? offset;
    const firstIndex = index;
    index += entries.length;
    return entries.map((entry, at): FileRow => ({
      index: firstIndex + at,
      text: texts[at] ?? '',
      ...tellOf(entry),
    }));
  };
  const decodedHead = opened.head === null ? '' : await cut(opened.head.endOffset);
  const [head = ''] = await asWritten([decodedHead]);
  const [mark, first] = opened.head === null ? withoutMark(await next()) : ['', await next()];
  return {
    encoding: raw === null ? 'utf-8' : found,
    inputEncoding: found,
    names: opened.head?.columns ?? [
      ...new Set((first ?? []).flatMap(({ keys }) => Object.keys(keys ?? {}))),
    ],
    head: (added) =>
      opened.head === null
        ? mark
        : added.length === 0
          ? head
          : (opened.extend(head, added) ?? head),
    async *slices() {
      for (let rows = first; rows !== null; rows = await next()) if (rows.length > 0) yield rows;
    },
    extend: (row, added) => {
      if (opened.head !== null)
        return opened.extend(
          row.text,
          added.map(({ cell }) => cell),
        );
      return extendJsonRow(input, row, added, opened.extend);
    },
    tail: async function* () {
      if (raw === null) yield* text.rest();
      else yield* await raw.take([Infinity]);
    },
    close: async () => {
      abort.abort();
      await slices.return?.(undefined).catch(() => undefined);
      await text.close();
      await raw?.close();
    },
  };
};

/** The row of JSON lines with a field for each cell; null: the row is damaged. */
export const extendJsonRow = (
  { given }: InputFile,
  { keys, line, index, text }: FileRow,
  added: readonly (TableColumn & { readonly cell: Cell })[],
  extend: (
    text: string,
    fields: readonly { readonly name: string; readonly json: string }[],
  ) => string | null,
): string | null => {
  if (keys === null) return null;
  const clash = added.find(({ name }) => Object.hasOwn(keys, name));
  if (clash !== undefined)
    throw new CliFailure(
      `${given}:${line ?? index + 1}: the row already has a field ${JSON.stringify(clash.name)}`,
      { hint: `Rename the new column: --columns my_name=${clash.name}` },
    );
  return extend(
    text,
    added.map((column) => ({ name: column.name, json: jsonOfCell(column, column.cell) })),
  );
};

/**
 * The ids of the rows, slice by slice, as `RowFile` gives them; null: none can be read. Throws what
 * its source throws.
 */
export async function* rowIdsOf(
  input: InputFile,
  path: string,
  options: Pick<RowFileOptions, 'idField' | 'keepsDigits'>,
): AsyncGenerator<readonly (string | null)[]> {
  const source = await fileSource(input, path, options);
  for await (const pulled of source.read(null, { signal: new AbortController().signal }))
    yield entriesOf(pulled).map((entry) => tellOf(entry).itemId);
}

/**
 * How many lines end in the text; all that are left where its last line has no end, since then it
 * is the last of the file.
 */
const linesIn = (text: string): number => {
  if (text === '') return 0;
  if (!text.endsWith('\n')) return Infinity;
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
};

const byteOrderMark = /^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/u;

/**
 * The byte order mark in front of the first row belongs to the file: it stays where that row is
 * left out.
 */
const withoutMark = (rows: readonly FileRow[] | null): [string, readonly FileRow[] | null] => {
  const [first, ...rest] = rows ?? [];
  const [mark = ''] = byteOrderMark.exec(first?.text ?? '') ?? [];
  return first === undefined || mark === ''
    ? ['', rows]
    : [mark, [{ ...first, text: first.text.slice(mark.length) }, ...rest]];
};

const requireRowText = (input: InputFile, { isRaw = false }: RowFileOptions): void => {
  // Rows that are only copied need no quotes.
  if (input.quote === null && !isRaw)
    throw new CliFailure(
      `${input.given} is read with --quote none: an answer with a delimiter or a line end cannot be written without quotes`,
      { hint: 'Write the results as a table, and join it by item_id: --output results.csv' },
    );
};

export const entriesOf = (pulled: SourceEntry | readonly SourceEntry[]): readonly SourceEntry[] =>
  Array.isArray(pulled) ? (pulled as readonly SourceEntry[]) : [pulled as SourceEntry];

const endOf = (position: unknown): number => {
  const offset = isJsonObject(position) ? position['offset'] : undefined;
  if (typeof offset !== 'number') throw new TypeError('a position of a text file has an offset');
  return offset;
};

export const tellOf = (
  entry: SourceEntry,
): Pick<FileRow, 'itemId' | 'line' | 'keys' | 'written'> => {
  const { written } = entry;
  if ('bad' in entry) {
    const { itemId, location, row } = entry.bad;
    return { itemId, line: location.line, keys: isJsonObject(row) ? row : null, written };
  }
  const { payload, itemId } = entry.item;
  return {
    itemId,
    line: entry.location?.line ?? null,
    keys: isJsonObject(payload) ? payload : null,
    written,
  };
};
