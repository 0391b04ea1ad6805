import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { TableFormat, TablePage } from '../../lib/ports/table.ts';
import type { ResultsOptions, ResultText, Run } from '../../lib/run/api/run.ts';
import { behindLinks, writeWholeFile } from '../../lib/run/results/whole-file.ts';
import type { ChosenColumn } from '../shell/chosen-columns.ts';
import { exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { writeText } from './render.ts';
import { shownText } from './shown-text.ts';

const pageRows = 1_000;

/** Which results, and what of them. */
export type ResultChoice = Pick<ResultsOptions, 'include' | 'only'>;

/** Results as JSON lines: in input order, or, with a sequence, those that ended after it. Pulled page by page; a page is all that is held. */
export const resultPages = (run: Run, afterSequence: number | null, choice: ResultChoice): AsyncIterable<ResultText> =>
  afterSequence === null ? run.resultText(choice) : pagesAfter(run, afterSequence, choice);

async function* pagesAfter(run: Run, afterSequence: number, choice: ResultChoice): AsyncGenerator<ResultText> {
  for (let cursor = afterSequence, hasMore = true; hasMore;) {
    const page = await run.readTerminalResultText({ afterSequence: cursor, limit: pageRows, ...choice });
    yield page;
    hasMore = page.hasMore && page.nextAfterSequence > cursor;
    cursor = page.nextAfterSequence;
  }
}

/** Bytes to be written, and what is in them once they are. */
export interface ResultBytes {
  readonly pieces: AsyncIterable<string | Uint8Array>;
  readonly told: () => JsonObject;
}

export const linesOf = (pages: AsyncIterable<ResultText>): ResultBytes => {
  let count = 0;
  async function* pieces(): AsyncGenerator<string> {
    for await (const page of pages) {
      yield page.text;
      count += page.count;
    }
  }
  return { pieces: pieces(), told: () => ({ result_count: count }) };
};

/** Results as a table: in input order, or, with a sequence, those that ended after it; with all columns, or those that were chosen. */
export const bytesOfTable = async (
  run: Run,
  afterSequence: number | null,
  { format, chosen, ...choice }: ResultChoice & { readonly format: TableFormat; readonly chosen: readonly ChosenColumn[] | null },
): Promise<ResultBytes> => {
  const options = { ...choice, ...(chosen === null ? {} : { columns: chosen.map(({ column }) => column) }) };
  const { columns, pages } = await run.table(afterSequence === null ? { order: 'input', ...options } : { afterSequence, ...options });
  let count = 0;
  async function* counted(): AsyncGenerator<TablePage> {
    for await (const page of pages) {
      yield page;
      count += page.rowCount;
    }
  }
  const named = columns.map((column, at) => ({ ...column, name: chosen?.[at]?.name ?? column.name }));
  return { pieces: format.encode({ columns: named, pages: counted() }), told: () => ({ result_count: count }) };
};

/** Writes them, no faster than they are taken. What the model wrote steers no terminal. */
export const writeResults = async (to: Writable, { pieces }: ResultBytes, isTerminal = false): Promise<void> => {
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    if (!isTerminal) await writeText(to, piece);
    else
      await writeText(
        to,
        shownText((typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })).replaceAll('\r\n', '\n')),
      );
  }
};

/** The same into a file that is whole or not there; never into an input of the run. */
export const writeResultsFile = async (
  given: string,
  { cwd, inputs, flag = '--output' }: { readonly cwd: string; readonly inputs: readonly string[]; readonly flag?: string },
  { pieces, told }: ResultBytes,
): Promise<JsonObject> => {
  const path = await behindLinks(resolve(cwd, given));
  for (const input of inputs) {
    if ((await behindLinks(input)) === path)
      throw new CliFailure(`${flag} ${given} is an input of this run`, { hint: 'Name another file: this one would be overwritten.' });
  }
  try {
    await writeWholeFile(path, pieces);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CliFailure(`${flag} ${given} cannot be written: ${error.message}`, {
      hint: `Is ${dirname(path)} a folder that you may write to, with room on it?`,
      exitCode: exitCodes.runtime,
    });
  }
  return { output: path, ...told() };
};
