import type { Cell, TableColumn, TableColumnType, TablePage } from '../../lib/ports/table.ts';

/** The limits of a row group. A single row may be larger. */
export interface GroupTuning {
  readonly rowsMax: number;
  /** UTF-16 units of all texts together. */
  readonly charsMax: number;
}

/** A cell in its written form. */
type WrittenCell = string | number | bigint | boolean | null;

/** The rows of one row group, column by column. */
export interface GatheredGroup {
  readonly rowCount: number;
  /** Mutable only because the writer's type requires it. */
  readonly cells: readonly WrittenCell[][];
}

/**
 * Joins and splits pages into row groups. Throws a `TypeError` for a cell that is not of its
 * column's type.
 */
export async function* gatherGroups(
  columns: readonly TableColumn[],
  pages: AsyncIterable<TablePage>,
  { rowsMax, charsMax }: GroupTuning,
): AsyncGenerator<GatheredGroup> {
  const fresh = (): WrittenCell[][] => columns.map(() => []);
  let cells = fresh();
  let rowCount = 0;
  let chars = 0;
  /** 0-based index of the page's first row in the table. */
  let pageStart = 0;
  for await (const page of pages) {
    for (let row = 0; row < page.rowCount; row += 1) {
      for (const [at, column] of columns.entries()) {
        const cell = page.columns[at]?.[row] ?? null;
        if (typeof cell === 'string') chars += cell.length;
        cells[at]?.push(cell === null ? null : written(cell, column, pageStart + row));
      }
      rowCount += 1;
      if (rowCount < rowsMax && chars < charsMax) continue;
      yield { rowCount, cells };
      cells = fresh();
      rowCount = 0;
      chars = 0;
    }
    pageStart += page.rowCount;
  }
  if (rowCount > 0) yield { rowCount, cells };
}

const written = (
  cell: string | number | boolean,
  { name, type }: TableColumn,
  row: number,
): WrittenCell => {
  const made = WRITE[type](cell);
  if (made !== null) return made;
  throw new TypeError(
    `column ${JSON.stringify(name)} is of type ${type}, but holds ${JSON.stringify(cell)} at row index ${row}`,
  );
};

/** Null for a cell of another type. */
const WRITE: Readonly<Record<TableColumnType, (cell: Exclude<Cell, null>) => WrittenCell>> = {
  text: (cell) => (typeof cell === 'string' ? cell : null),
  integer: (cell) => (Number.isSafeInteger(cell) ? BigInt(cell) : null),
  number: (cell) => (typeof cell === 'number' ? cell : null),
  boolean: (cell) => (typeof cell === 'boolean' ? cell : null),
  json: (cell) => (typeof cell === 'string' ? cell : null),
};
