import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { JsonObject } from '../lib/core/json.ts';
import type { ResultText, Run } from '../lib/run/run.ts';
import { behindLinks, writeWholeFile } from '../lib/run/whole-file.ts';
import { exitCodes } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { writeText } from './render.ts';

const pageRows = 1_000;

/** Results as JSON lines: in input order, or, with a sequence, those that ended after it. Pulled page by page; a page is all that is held. */
export const resultPages = (run: Run, afterSequence: number | null): AsyncIterable<ResultText> =>
  afterSequence === null ? run.resultText() : pagesAfter(run, afterSequence);

async function* pagesAfter(run: Run, afterSequence: number): AsyncGenerator<ResultText> {
  for (let cursor = afterSequence, hasMore = true; hasMore;) {
    const page = await run.readTerminalResultText({ afterSequence: cursor, limit: pageRows });
    yield page;
    cursor = page.nextAfterSequence;
    hasMore = page.hasMore && page.count > 0;
  }
}

/** Writes the lines, no faster than they are taken. */
export const writeResults = async (to: Writable, pages: AsyncIterable<ResultText>): Promise<void> => {
  for await (const { text } of pages) await writeText(to, text);
};

/** The same into a file that is whole or not there; never into an input of the run. */
export const writeResultsFile = async (
  given: string,
  { cwd, inputs }: { readonly cwd: string; readonly inputs: readonly string[] },
  pages: AsyncIterable<ResultText>,
): Promise<JsonObject> => {
  const path = await behindLinks(resolve(cwd, given));
  for (const input of inputs) {
    if ((await behindLinks(input)) === path)
      throw new CliFailure(`--output ${given} is an input of this run`, { hint: 'Name another file: this one would be overwritten.' });
  }
  let count = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const page of pages) {
      yield page.text;
      count += page.count;
    }
  }
  try {
    await writeWholeFile(path, texts());
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CliFailure(`--output ${given} cannot be written: ${error.message}`, {
      hint: `Is ${dirname(path)} a folder that you may write to, with room on it?`,
      exitCode: exitCodes.runtime,
    });
  }
  return { output: path, result_count: count };
};
