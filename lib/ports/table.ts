/** What a column holds; `json`: texts that are JSON. Any cell may be null. */
export type TableColumnType = 'text' | 'integer' | 'number' | 'boolean' | 'json';

/** One column of a table: its name and the type of its cells. */
export interface TableColumn {
  readonly name: string;
  readonly type: TableColumnType;
}

/**
 * `integer` and `number` are JavaScript numbers: finite, and whole and safe where they are
 * integers.
 */
export type Cell = string | number | boolean | null;

/** So many rows, column by column, in the order of the table's columns. */
export interface TablePage {
  readonly rowCount: number;
  readonly columns: readonly (readonly Cell[])[];
}

/** A table that is read once, page by page, and never held whole. */
export interface TableStream {
  readonly columns: readonly TableColumn[];
  readonly pages: AsyncIterable<TablePage>;
}

/** A file format for tables. */
export interface TableFormat {
  /** As `--format` names it. */
  readonly name: string;
  /** The ends of file names that mean it, in lower case, each with its dot. */
  readonly extensions: readonly string[];
  /** True where the bytes are UTF-8 text. */
  readonly isText: boolean;
  /**
   * The file's bytes in chunks, written as pages arrive. Memory: one page, or a row group of the
   * format. A table without rows is a complete file too. Rejects with the error of the pages. A
   * caller that stops early has half a file, and must delete it.
   */
  encode(table: TableStream): AsyncIterable<Uint8Array>;
}
