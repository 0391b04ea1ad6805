import type { TableStream } from '../../lib/ports/table.ts';
import { createCollector } from './collect-column.ts';

/** What has a table, such as a run. */
export type TableSource = TableStream | { table(): Promise<TableStream> };

/**
 * The least of arquero's `ColumnTable`. Name arquero's own type where it is wanted:
 * `toTable<ColumnTable>(run)`.
 */
export interface ArqueroTable {
  numRows(): number;
  numCols(): number;
  columnNames(): string[];
  get(name: string, row?: number): unknown;
  objects(): object[];
}

/**
 * Collects a table into one of arquero, which is in memory whole: column by column, without an
 * object for each row. Columns of numbers without a null are Float64Arrays; JSON is parsed; the
 * rest are arrays. Rejects with what the pages reject with, and with an `Error` where arquero is
 * not installed, a name stands twice, or a cell of a JSON column is not JSON.
 *
 * The types do not name arquero, since its own types require `skipLibCheck`.
 */
export const toTable = <Table = ArqueroTable>(source: TableSource): Promise<Table> =>
  collectTable<Table>(source, () => import('arquero'));

/** `toTable` with a loader of one's own: for specs. */
export const collectTable = async <Table>(
  source: TableSource,
  load: () => Promise<ArqueroModule>,
): Promise<Table> => {
  const { table: makeTable } = await loadArquero(load);
  const { columns, pages } = 'table' in source ? await source.table() : source;
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Error(
      `two columns are called ${JSON.stringify(twice)}. An arquero table needs names that differ`,
    );
  const collectors = columns.map(createCollector);
  for await (const page of pages) {
    for (const [index, collector] of collectors.entries()) collector.add(page.columns[index] ?? []);
  }
  // The caller says which type arquero's table has for it; ours is the least that it is.
  return makeTable(
    collectors.map((collector, index) => [names[index], collector.finish()]),
  ) as Table;
};

/** What of arquero is used. */
export interface ArqueroModule {
  table(columns: object): unknown;
}

const loadArquero = async (load: () => Promise<ArqueroModule>): Promise<ArqueroModule> => {
  try {
    return await load();
  } catch (cause) {
    const isMissing =
      cause instanceof Error &&
      'code' in cause &&
      cause.code === 'ERR_MODULE_NOT_FOUND' &&
      cause.message.includes('arquero');
    if (!isMissing) throw cause;
    throw new Error(
      'toTable needs the package arquero, which is not installed. Install it: npm install arquero',
      { cause },
    );
  }
};
