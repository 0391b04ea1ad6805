import type { ItemResult } from '../../core/settle/results.ts';
import type { TablePage, TableStream } from '../../ports/table.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { type ResultParts, type RowFacts, toResult } from '../../effects/results/results.ts';
import { BatchorError } from '../api/errors.ts';
import { explained, type StructureOf } from './typed-results.ts';
import { type ResultColumn, resultTableColumns } from './columns.ts';

/** What a table of a run's results needs of its reader. */
export interface TableSource {
  readonly reader: () => RunReader;
  /** What rows say beside their lines, as of now. */
  readonly facts: () => Promise<RowFacts>;
  readonly structure: StructureOf;
  /** The rows that are asked for, page by page. */
  readonly pages: AsyncIterable<readonly (ResultParts | null)[]>;
  /** The rows by which the columns are known, where they are others than the first page; asked for behind it. */
  readonly front: (() => Promise<readonly ResultParts[]>) | null;
  /** The columns that are wanted, in their order; undefined: all. */
  readonly chosen: readonly string[] | undefined;
  /** True where the pages hold whole bodies. */
  readonly hasResponses: boolean;
}

/**
 * The run's results as columns. Reads the first page at once, by which it knows the columns; the others as they are pulled. Outputs are as the
 * model wrote them. To be read once.
 */
export const openResultTable = async ({
  reader,
  facts,
  structure,
  pages,
  front,
  chosen,
  hasResponses,
}: TableSource): Promise<TableStream> => {
  const { config, sharing } = reader().snapshot;
  const { structuredOutput, operation } = config;
  const iterator = rowsOf(pages, structure, facts);
  const first = await iterator.next();
  const firstRows = first.done === true ? [] : first.value;
  const sample =
    front === null || !needsSample(chosen) ? firstRows.filter((row) => row !== null) : (await front()).map((part) => toResult(part));
  const all = resultTableColumns({
    jsonSchema: structuredOutput?.jsonSchema ?? null,
    // Whoever went on with the run may have sent the rest one by one.
    isSharing: operation.sendsDuplicatesOnce || sharing.rows > 0,
    sample,
    hasResponses,
  });
  const columns = chosen === undefined ? all : chosenOf(all, chosen, reader().runId);
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

/** Which columns of metadata there are is known by rows; all others by the run. */
const needsSample = (chosen: readonly string[] | undefined): boolean =>
  chosen === undefined || chosen.some((name) => name.startsWith('metadata.'));

const chosenOf = (all: readonly ResultColumn[], chosen: readonly string[], runId: string): readonly ResultColumn[] =>
  chosen.map((name) => {
    const column = all.find((each) => each.name === name);
    if (column !== undefined) return column;
    throw new BatchorError(
      'invalid_config',
      { field: 'columns' },
      `results of run ${runId} have no column ${JSON.stringify(name)}`,
      `There are ${all.map((each) => each.name).join(', ')}.`,
    );
  });

async function* rowsOf(
  pages: AsyncIterable<readonly (ResultParts | null)[]>,
  structure: StructureOf,
  factsNow: () => Promise<RowFacts>,
): AsyncGenerator<readonly (ItemResult | null)[], undefined> {
  for await (const page of pages) {
    if (page.length === 0) continue;
    const facts = await factsNow();
    const parts = page.filter((part) => part !== null);
    const told = await explained(parts, structure);
    if (parts.length === page.length) {
      yield told.map((part) => toResult(part, facts));
      continue;
    }
    const found = told.values();
    yield page.map((part) => (part === null ? null : toResult(found.next().value as ResultParts, facts)));
  }
  return undefined;
}

const pageOf = (columns: readonly ResultColumn[], rows: readonly (ItemResult | null)[]): TablePage => ({
  rowCount: rows.length,
  columns: columns.map(({ cell }) => rows.map((row) => (row === null ? null : cell(row)))),
});
