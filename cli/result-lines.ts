import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { JsonObject } from '../lib/core/json.ts';
import type { ResultText, Run } from '../lib/run/run.ts';
import { toWire } from '../lib/run/wire.ts';
import { exitCodes } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { writeText } from './render.ts';

const pageRows = 1_000;

/** Results as JSON lines: in input order, or, with a sequence, those that ended after it. Pulled page by page; a page is all that is held. */
export const resultPages = (run: Run, afterSequence: number | null): AsyncIterable<ResultText> =>
  afterSequence === null ? run.resultText() : pagesAfter(run, afterSequence);

async function* pagesAfter(run: Run, afterSequence: number): AsyncGenerator<ResultText> {
  for (let cursor = afterSequence, hasMore = true; hasMore;) {
    const page = await run.readTerminalResults({ afterSequence: cursor, limit: pageRows });
    yield { text: page.results.map((result) => `${JSON.stringify(toWire(result))}\n`).join(''), count: page.results.length };
    cursor = page.nextAfterSequence;
    hasMore = page.hasMore && page.results.length > 0;
  }
}

/** Writes the lines, no faster than they are taken. */
export const writeResults = async (to: Writable, pages: AsyncIterable<ResultText>): Promise<void> => {
  for await (const { text } of pages) await writeText(to, text);
};

/** The same into a file: written aside and renamed, so that half of it never looks whole. Readable by its owner alone. */
export const writeResultsFile = async (given: string, cwd: string, pages: AsyncIterable<ResultText>): Promise<JsonObject> => {
  const path = resolve(cwd, given);
  const aside = `${path}.${process.pid}.tmp`;
  let count = 0;
  try {
    const file = await open(aside, 'w', 0o600);
    try {
      for await (const page of pages) {
        await file.writeFile(page.text);
        count += page.count;
      }
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CliFailure(`--output ${given} cannot be written: ${error.message}`, {
      hint: `Is ${dirname(path)} a folder that you may write to, with room on it?`,
      exitCode: exitCodes.runtime,
    });
  }
  return { output: path, result_count: count };
};
