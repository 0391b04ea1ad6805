import type { ItemResult } from '../../core/settle/results.ts';
import type { TablePage, TableStream } from '../../ports/table.ts';
import type { RunReader } from '../../ports/run-store.ts';
import {
  noRowFacts,
  type ResultParts,
  type RowFacts,
  toResult,
} from '../../effects/results/results.ts';
import { BatchorError } from '../api/errors.ts';
import { explained, type StructureOf } from './typed-results.ts';
import { type ResultColumn, resultTableColumns } from './columns.ts';

/** What a results table needs from its reader. */
export interface TableSource {
  readonly reader: () => RunReader;
  /** Current facts of the rows that are not in their lines. */
  readonly facts: () => Promise<RowFacts>;
  readonly structure: StructureOf;
  /** The rows of the table, page by page. */
  readonly pages: AsyncIterable<readonly ResultParts[]>;
  /** Reads the rows that determine the columns; null: those of the first page. */
  readonly front: (() => Promise<readonly ResultParts[]>) | null;
  /** Names of the columns, in order; undefined: all. */
  readonly chosen: readonly string[] | undefined;
  /** True if the rows have the provider's whole bodies. */
  readonly hasResponses: boolean;
}

/**
 * The run's results as columns. Reads the first page at once to determine the columns; the others
 * when they are pulled. Outputs stay as the model wrote them. Can be read once. Throws
 * `invalid_config` for an unknown column.
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
  const columnsOf = (rows: readonly TableRow[]): readonly ResultColumn[] =>
    resultTableColumns({
      jsonSchema: structuredOutput?.jsonSchema ?? null,
      // A resume may have turned this option off.
      isSharing: operation.sendsDuplicatesOnce || sharing.rows > 0,
      sample: rows.map(({ result }) => result),
      sampleLines: rows.map(({ itemLine }) => itemLine),
      hasResponses,
    });
  const known = columnsOf(firstRows);
  const all =
    front !== null && needsSample(chosen, known)
      ? columnsOf((await front()).map((part) => rowOf(part)))
      : known;
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

/** A row of the table, and its stored line. */
interface TableRow {
  readonly result: ItemResult;
  readonly itemLine: string;
}
const rowOf = (part: ResultParts, facts: RowFacts = noRowFacts): TableRow => ({
  result: toResult(part, facts),
  itemLine: part.itemLine,
});

/** Only metadata columns depend on rows. All others depend on the run. */
const needsSample = (
  chosen: readonly string[] | undefined,
  known: readonly ResultColumn[],
): boolean =>
  chosen === undefined ||
  chosen.some(
    (name) => name.startsWith('metadata.') || !known.some((column) => column.name === name),
  );

const chosenOf = (
  all: readonly ResultColumn[],
  chosen: readonly string[],
  runId: string,
): readonly ResultColumn[] =>
  chosen.map((name) => {
    const column = all.find((each) => each.name === name);
    if (column !== undefined) return column;
    const own = all.find((each) => each.name === `metadata.${name}`);
    throw new BatchorError(
      'invalid_config',
      { field: 'columns' },
      `results of run ${runId} have no column ${JSON.stringify(name)}`,
      `${own === undefined ? '' : `Did you mean ${JSON.stringify(own.name)}? `}Available columns: ${all.map((each) => each.name).join(', ')}.`,
    );
  });

async function* rowsOf(
  pages: AsyncIterable<readonly ResultParts[]>,
  structure: StructureOf,
  factsNow: () => Promise<RowFacts>,
): AsyncGenerator<readonly TableRow[], undefined> {
  for await (const page of pages) {
    if (page.length === 0) continue;
    const facts = await factsNow();
    yield (await explained(page, structure)).map((part) => rowOf(part, facts));
  }
  return undefined;
}

const pageOf = (columns: readonly ResultColumn[], rows: readonly TableRow[]): TablePage => ({
  rowCount: rows.length,
  columns: columns.map(({ cell }) => rows.map(({ result, itemLine }) => cell(result, itemLine))),
});
