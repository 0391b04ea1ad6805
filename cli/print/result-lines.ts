import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { TableFormat, TablePage } from '../../lib/ports/table.ts';
import type { ResultsOptions, ResultText, Run } from '../../lib/run/api/run.ts';
import { behindLinks, writeWholeFile } from '../../lib/run/results/whole-file.ts';
import type { ChosenColumn } from '../shell/chosen-columns.ts';
import { exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { quoted } from '../shell/quoted.ts';
import { reasonOf } from '../shell/system-error.ts';
import { writeText, shownText } from './render.ts';

const pageRows = 1_000;

/** Which results, and which fields of them. */
export type ResultChoice = Pick<ResultsOptions, 'include' | 'only'>;

/**
 * Results as JSON lines: in input order, or, with a sequence, those that ended after it. Pulled
 * page by page; holds one page in memory.
 */
export const resultPages = (
  run: Run,
  afterSequence: number | null,
  choice: ResultChoice,
): AsyncIterable<ResultText> =>
  afterSequence === null ? run.resultText(choice) : pagesAfter(run, afterSequence, choice);

async function* pagesAfter(
  run: Run,
  afterSequence: number,
  choice: ResultChoice,
): AsyncGenerator<ResultText> {
  for (let cursor = afterSequence, hasMore = true; hasMore;) {
    const page = await run.readTerminalResultText({
      afterSequence: cursor,
      limit: pageRows,
      ...choice,
    });
    yield page;
    hasMore = page.hasMore && page.nextAfterSequence > cursor;
    cursor = page.nextAfterSequence;
  }
}

/** Bytes to write, and their totals once they are written. */
export interface ResultBytes {
  readonly chunks: AsyncIterable<string | Uint8Array>;
  readonly totals: () => JsonObject;
}

export const linesOf = (pages: AsyncIterable<ResultText>): ResultBytes => {
  let count = 0;
  async function* chunks(): AsyncGenerator<string> {
    for await (const page of pages) {
      yield page.text;
      count += page.count;
    }
  }
  return { chunks: chunks(), totals: () => ({ result_count: count }) };
};

/**
 * Results as a table: in input order, or, with a sequence, those that ended after it; with all
 * columns, or those that were chosen.
 */
export const bytesOfTable = async (
  run: Run,
  afterSequence: number | null,
  {
    format,
    chosen,
    ...choice
  }: ResultChoice & {
    readonly format: TableFormat;
    readonly chosen: readonly ChosenColumn[] | null;
  },
): Promise<ResultBytes> => {
  const options = {
    ...choice,
    ...(chosen === null ? {} : { columns: chosen.map(({ column }) => column) }),
  };
  const { columns, pages } = await run.table(
    afterSequence === null ? { order: 'input', ...options } : { afterSequence, ...options },
  );
  let count = 0;
  async function* counted(): AsyncGenerator<TablePage> {
    for await (const page of pages) {
      yield page;
      count += page.rowCount;
    }
  }
  const named = columns.map((column, at) => ({
    ...column,
    name: chosen?.[at]?.name ?? column.name,
  }));
  return {
    chunks: format.encode({ columns: named, pages: counted() }),
    totals: () => ({ result_count: count }),
  };
};

/**
 * Writes the results at the reader's pace. At a terminal, control characters in answers are
 * escaped.
 */
export const writeResults = async (
  to: Writable,
  { chunks }: ResultBytes,
  isTerminal = false,
): Promise<void> => {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    if (!isTerminal) await writeText(to, chunk);
    else
      await writeText(
        to,
        shownText(
          (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })).replaceAll(
            '\r\n',
            '\n',
          ),
        ),
      );
  }
};

/** Writes the results to a file, all or nothing; never over an input of the run. */
export const writeResultsFile = async (
  given: string,
  {
    cwd,
    inputs,
    flag = '--output',
  }: { readonly cwd: string; readonly inputs: readonly string[]; readonly flag?: string },
  { chunks, totals }: ResultBytes,
): Promise<JsonObject> => {
  const path = await behindLinks(resolve(cwd, given));
  for (const input of inputs) {
    if ((await behindLinks(input)) === path)
      throw new CliFailure(`${flag} ${given} is an input of this run`, {
        hint: 'Name another file: this one would be overwritten.',
      });
  }
  try {
    await writeWholeFile(path, chunks);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const folder = dirname(path);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      throw new CliFailure(`${flag} ${given} is a folder; name a file`, {
        hint: `For example: ${flag} ${quoted(join(given, 'results.jsonl'))}`,
      });
    if (!existsSync(folder))
      throw new CliFailure(`${flag} ${given} cannot be written: there is no folder ${folder}`, {
        hint: `Create it: mkdir -p ${quoted(folder)}`,
        exitCode: exitCodes.runtime,
      });
    throw new CliFailure(`${flag} ${given} cannot be written: ${reasonOf(error)}`, {
      hint: `Check the permissions and free space of ${folder}.`,
      exitCode: exitCodes.runtime,
    });
  }
  return { output: path, ...totals() };
};
