import { isUtf8 } from 'node:buffer';
import type { Cell, TableColumn, TableStream } from '../../lib/ports/table.ts';
import { CliFailure } from '../shell/failure.ts';
import type { FileRow, RowFile } from '../job/row-file.ts';

/**
 * A row of a file with its cells from the run, one per column of the table; null: the run has no
 * result for it.
 */
export interface JoinedRow {
  readonly row: FileRow;
  readonly cells: readonly Cell[] | null;
}

/** Columns of the table that rows are matched by, in front of those that are wanted. */
export const keyColumns = ['source_ref', 'source_item_index', 'source_primary_key'] as const;

/** What goes wrong while rows are matched by their place. */
export interface PlaceMessages {
  /** The file, as the user named it. */
  readonly given: string;
  /** What to type to match by ids instead. */
  readonly byIdHint: string;
}

/** One page of a table after the other, row by row without waiting inside a page. */
interface TableCursor {
  /** The row that comes next, in one of the pages that were pulled; undefined: `more` is needed. */
  readonly page: {
    readonly columns: readonly (readonly Cell[])[];
    readonly rowCount: number;
  } | null;
  at: number;
  more(): Promise<boolean>;
}

const cursorOver = (table: TableStream): TableCursor & { close(): Promise<void> } => {
  const pages = table.pages[Symbol.asyncIterator]();
  let page: TableCursor['page'] = null;
  const cursor = {
    get page() {
      return page;
    },
    at: 0,
    more: async () => {
      const next = await pages.next();
      [page, cursor.at] = [next.done === true ? null : next.value, 0];
      return page !== null;
    },
    close: async () => void (await pages.return?.()),
  };
  return cursor;
};

/**
 * Rows of the file that the run was begun with, each with its result, by their place in the file.
 * The table is in input order, and begins with `keyColumns`. `sourceRef`: results of other files
 * are passed over; null: there is one file. Holds a slice and a page. Throws a `CliFailure` for a
 * row with another id than the run's row in its place: then it is another file.
 */
export async function* joinByPlace(
  file: RowFile,
  table: TableStream,
  sourceRef: string | null,
  messages: PlaceMessages,
): AsyncGenerator<readonly JoinedRow[]> {
  const cursor = cursorOver(table);
  try {
    let hasMore = await cursor.more();
    for await (const rows of file.slices()) {
      const joined: JoinedRow[] = [];
      for (const row of rows) {
        let cells: readonly Cell[] | null = null;
        while (hasMore) {
          const { page, at } = cursor;
          if (page === null || at >= page.rowCount) {
            hasMore = await cursor.more();
            continue;
          }
          const [ref, place, id] = page.columns
            .slice(0, keyColumns.length)
            .map((column) => column[at] ?? null);
          if (sourceRef !== null && ref !== sourceRef) {
            cursor.at += 1;
            continue;
          }
          if (place === row.index) {
            requireSameId(row, id ?? null, messages);
            cells = page.columns.slice(keyColumns.length).map((column) => column[at] ?? null);
            cursor.at += 1;
          }
          break;
        }
        joined.push({ row, cells });
      }
      yield joined;
    }
    if (await isAnyLeft(cursor, hasMore, sourceRef)) throw tooShort(messages);
  } finally {
    await cursor.close();
  }
}

export const tooShort = ({ given, byIdHint }: PlaceMessages): CliFailure =>
  new CliFailure(
    `${given} has fewer rows than the run: it is not the file that the run was started with`,
    { hint: byIdHint },
  );

export const requireSameId = (
  { itemId, index, line }: FileRow,
  id: Cell,
  { given, byIdHint }: PlaceMessages,
): void => {
  if (id === null || itemId === null || id === itemId) return;
  throw new CliFailure(
    `${given}${line === null ? '' : `:${line}`}: row ${index + 1} has the id ${JSON.stringify(itemId)}, but the run has ${JSON.stringify(id)} there: it is not the file that the run was started with`,
    { hint: byIdHint },
  );
};

const isAnyLeft = async (
  cursor: TableCursor,
  hasMore: boolean,
  sourceRef: string | null,
): Promise<boolean> => {
  for (let more = hasMore; more; more = await cursor.more()) {
    const { page } = cursor;
    for (let at = cursor.at; page !== null && at < page.rowCount; at += 1)
      if (sourceRef === null || page.columns[0]?.[at] === sourceRef) return true;
  }
  return false;
};

/** How many rows there were, and what came of them. */
export interface JoinCounts {
  rows: number;
  /** With a result. */
  matched: number;
  /** Rows that were looked up by their ids, and those whose id the run has. */
  read: number;
  known: number;
  /** Rows without a result, since another row of the file has the same id. */
  repeated: number;
  /** Damaged rows that cannot take more fields; written unchanged. */
  unextended: number;
  /**
   * Rows with bytes that are not text in the encoding of the file; written with U+FFFD in their
   * place.
   */
  undecodable: number;
}

export interface JoinedBytesOptions {
  readonly counts: JoinCounts;
  /** Rows without a result are left out, as is any text after the last row. */
  readonly drops: boolean;
  /** A byte order mark in front, and CRLF behind each row. */
  readonly isForExcel?: boolean;
}

/**
 * The bytes of the file with the new columns: all of them UTF-8. Without new columns, the rows as
 * they stand in the file.
 */
export async function* joinedBytes(
  file: RowFile,
  joined: AsyncIterable<readonly JoinedRow[]>,
  columns: readonly TableColumn[],
  { counts, drops, isForExcel = false }: JoinedBytesOptions,
): AsyncGenerator<Uint8Array> {
  const ended = isForExcel ? withCrlf : (text: string): string => text;
  const names = columns.map(({ name }) => name);
  const head = isForExcel ? withoutSeparator(withCrlf(file.head(names))) : file.head(names);
  const mark = isForExcel && !head.startsWith(byteOrderMark) ? byteOrderMark : '';
  const isCopy = columns.length === 0;
  if (head !== '' || mark !== '')
    yield isCopy ? Buffer.from(mark + head, 'latin1') : textBytes(mark + head).bytes;
  for await (const rows of joined) {
    const texts: string[] = [];
    for (const { row, cells } of rows) {
      if (cells === null && drops) continue;
      counts.rows += 1;
      if (cells !== null) counts.matched += 1;
      const extended = isCopy
        ? row.text
        : file.extend(
            row,
            columns.map((column, at) => ({ ...column, cell: cells?.[at] ?? null })),
          );
      if (extended === null) counts.unextended += 1;
      texts.push(ended(extended ?? row.text));
    }
    if (texts.length === 0) continue;
    const whole = Buffer.from(texts.join(''), 'latin1');
    if (isCopy || isUtf8(whole)) {
      yield whole;
      continue;
    }
    const each = texts.map((text) => textBytes(text));
    counts.undecodable += each.filter(({ isDamaged }) => isDamaged).length;
    yield Buffer.concat(each.map(({ bytes }) => bytes));
  }
  if (!drops) yield* file.tail();
}

/** As bytes. */
const byteOrderMark = '\u00ef\u00bb\u00bf';

/** Excel reads no byte order mark in front of a line that names the separator. */
const withoutSeparator = (head: string): string =>
  head.replace(/^(\u00ef\u00bb\u00bf)?sep=.\r?\n/iu, '$1');

const withCrlf = (text: string): string =>
  text.endsWith('\n') && !text.endsWith('\r\n') ? `${text.slice(0, -1)}\r\n` : text;

/** New columns are UTF-8. A row that is not must not bring another encoding into their file. */
const textBytes = (text: string): { readonly bytes: Buffer; readonly isDamaged: boolean } => {
  const bytes = Buffer.from(text, 'latin1');
  if (isUtf8(bytes)) return { bytes, isDamaged: false };
  return { bytes: Buffer.from(bytes.toString('utf8'), 'utf8'), isDamaged: true };
};
