import type { ItemResult } from '../../core/settle/results.ts';
import type { TablePage, TableStream } from '../../ports/table.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { type ResultParts, type RowFacts, toResult } from '../../effects/results/results.ts';
import { explained, type StructureOf } from './typed-results.ts';
import { type ResultColumn, resultTableColumns } from './columns.ts';

/** What a table of a run's results needs of its reader. */
export interface TableSource {
  readonly reader: () => RunReader;
  /** What rows say beside their lines, as of now. */
  readonly facts: () => Promise<RowFacts>;
  readonly structure: StructureOf;
  /** The rows that are asked for, page by page. */
  readonly pages: AsyncIterable<readonly ResultParts[]>;
  /** The rows by which the columns are known, where they are others than the first page; asked for behind it. */
  readonly front: (() => Promise<readonly ResultParts[]>) | null;
  /** True where the pages hold whole bodies. */
  readonly hasResponses: boolean;
}

/**
 * The run's results as columns. Reads the first page at once, by which it knows the columns; the others as they are pulled. Outputs are as the
 * model wrote them. To be read once.
 */
export const openResultTable = async ({ reader, facts, structure, pages, front, hasResponses }: TableSource): Promise<TableStream> => {
  const { config, sharing } = reader().snapshot;
  const { structuredOutput, operation } = config;
  const iterator = rowsOf(pages, structure, facts);
  const first = await iterator.next();
  const firstRows = first.done === true ? [] : first.value;
  const sample = front === null ? firstRows : (await front()).map((part) => toResult(part));
  const columns = resultTableColumns({
    jsonSchema: structuredOutput?.jsonSchema ?? null,
    // Whoever went on with the run may have sent the rest one by one.
    isSharing: operation.sendsDuplicatesOnce || sharing.rows > 0,
    sample,
    hasResponses,
  });
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    pages: {
      async *[Symbol.asyncIterator]() {
        try {
          if (firstRows.length > 0) yield pageOf(columns, firstRows);
          for await (const rows of iterator) yield pageOf(columns, rows);
        } finally {
          await iterator.return(undefined);
        }
      },
    },
  };
};

async function* rowsOf(
  pages: AsyncIterable<readonly ResultParts[]>,
  structure: StructureOf,
  factsNow: () => Promise<RowFacts>,
): AsyncGenerator<readonly ItemResult[], undefined> {
  for await (const parts of pages) {
    if (parts.length === 0) continue;
    const facts = await factsNow();
    yield (await explained(parts, structure)).map((part) => toResult(part, facts));
  }
  return undefined;
}

const pageOf = (columns: readonly ResultColumn[], rows: readonly ItemResult[]): TablePage => ({
  rowCount: rows.length,
  columns: columns.map(({ cell }) => rows.map(cell)),
});
