import type { Cell, TablePage, TableStream } from '../../lib/ports/table.ts';
import type { FileRow, RowFile } from '../job/row-file.ts';
import { type CellSpool, createCellSpool, type SpooledResult } from './cell-spool.ts';
import type { FileIds } from './file-ids.ts';
import {
  type JoinCounts,
  type JoinedRow,
  keyColumns,
  type PlaceMessages,
  requireSameId,
  tooShort,
} from './join-rows.ts';

// Results come in the order of the run, rows in the order of the file. Both are read once, from the
// front; the spool between them puts the results into the order of the file.

/** Columns of the table by which rows are found and chosen, in front of those that are wanted. */
export const foundColumns = ['item_id', 'status', 'error_class'] as const;

export interface FoundOptions {
  readonly ids: FileIds;
  readonly isWanted: (status: Cell, errorClass: Cell) => boolean;
  readonly counts: Pick<JoinCounts, 'read' | 'known' | 'repeated'>;
  /** What the run has in front of the ids of the file. */
  readonly idPrefix: string;
}

/**
 * Rows of any file, each with the result under its id, in whatever order; the table has
 * `foundColumns` first. Rows that share an id get no result: it belongs to one of them at most, and
 * the id does not say to which. Time grows with the rows of both.
 */
export async function* joinById(
  file: RowFile,
  table: TableStream,
  { ids, isWanted, counts, idPrefix }: FoundOptions,
): AsyncGenerator<readonly JoinedRow[]> {
  const spool = await createCellSpool(ids.rowCount);
  try {
    await gather(spool, table, (page, at) => {
      const id = page.columns[0]?.[at];
      if (typeof id !== 'string') return;
      const [, status = null, errorClass = null] = cellsAt(page, at, 0, foundColumns.length);
      const cells = isWanted(status, errorClass) ? cellsAt(page, at, foundColumns.length) : null;
      ids.eachLike(id, (rowIndex) => spool.add(rowIndex, { id, cells }));
    });
    yield* withSpooled(file, spool, ({ itemId, index }, results) => {
      counts.read += 1;
      // No item has an empty id.
      const own = itemId === null ? '' : idPrefix + itemId;
      const found = results.find(({ id }) => id === own);
      if (found === undefined) return null;
      counts.known += 1;
      if (found.cells === null || !ids.isRepeated(index)) return found.cells;
      counts.repeated += 1;
      return null;
    });
  } finally {
    await spool.close();
  }
}

/**
 * Rows of the run's own file, matched by place with results in whatever order; the table has
 * `keyColumns` first.
 */
export async function* joinSpooledByPlace(
  file: RowFile,
  table: TableStream,
  {
    sourceRef,
    rowCount,
    messages,
  }: {
    /** Only rows of this file, where the run has rows of several. */
    readonly sourceRef: string | null;
    /** About as many rows as there may be. */
    readonly rowCount: number;
    readonly messages: PlaceMessages;
  },
): AsyncGenerator<readonly JoinedRow[]> {
  const spool = await createCellSpool(rowCount);
  try {
    await gather(spool, table, (page, at) => {
      const [ref, place, id] = cellsAt(page, at, 0, keyColumns.length);
      if (typeof place !== 'number' || (sourceRef !== null && ref !== sourceRef)) return;
      spool.add(place, {
        id: typeof id === 'string' ? id : null,
        cells: cellsAt(page, at, keyColumns.length),
      });
    });
    yield* withSpooled(file, spool, (row, [result]) => {
      if (result !== undefined) requireSameId(row, result.id, messages);
      return result?.cells ?? null;
    });
    if (spool.left > 0) throw tooShort(messages);
  } finally {
    await spool.close();
  }
}

const gather = async (
  spool: CellSpool,
  { pages }: TableStream,
  add: (page: TablePage, at: number) => void,
): Promise<void> => {
  for await (const page of pages) {
    for (let at = 0; at < page.rowCount; at += 1) add(page, at);
    await spool.settle();
  }
};

async function* withSpooled(
  file: RowFile,
  spool: CellSpool,
  cellsOf: (row: FileRow, results: readonly SpooledResult[]) => readonly Cell[] | null,
): AsyncGenerator<readonly JoinedRow[]> {
  for await (const rows of file.slices()) {
    const joined: JoinedRow[] = [];
    for (const row of rows) {
      const results = spool.take(row.index);
      // Waits once for many rows, where their part is loaded.
      joined.push({ row, cells: cellsOf(row, 'then' in results ? await results : results) });
    }
    yield joined;
  }
}

const cellsAt = (page: TablePage, at: number, from: number, to?: number): readonly Cell[] =>
  page.columns.slice(from, to).map((column) => column[at] ?? null);
