import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { JsonObject } from '../lib/core/json.ts';
import type { ItemResult } from '../lib/core/results.ts';
import type { Run } from '../lib/run/run.ts';
import { toWire } from '../lib/run/wire.ts';
import { CliFailure } from './failure.ts';
import { exitCodes } from './exit-codes.ts';
import { writeJsonLines } from './render.ts';

const pageRows = 1_000;

/** Results in input order, or, with a sequence, those that ended after it. Pulled page by page; a page is all that is held. */
export async function* resultPages(run: Run, afterSequence: number | null): AsyncGenerator<readonly ItemResult[]> {
  if (afterSequence !== null) {
    for (let cursor = afterSequence, hasMore = true; hasMore;) {
      const page = await run.readTerminalResults({ afterSequence: cursor, limit: pageRows });
      yield page.results;
      cursor = page.nextAfterSequence;
      hasMore = page.hasMore && page.results.length > 0;
    }
    return;
  }
  let page: ItemResult[] = [];
  for await (const result of run.results({ order: 'input' })) {
    page.push(result);
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Writes a line per result, no faster than they are taken; answers how many. */
export const writeResults = async (to: Writable, pages: AsyncIterable<readonly ItemResult[]>): Promise<number> => {
  let count = 0;
  for await (const page of pages) {
    await writeJsonLines(to, page.map(toWire));
    count += page.length;
  }
  return count;
};

/** The same into a file: written aside and renamed, so that half of it never looks whole. Readable by its owner alone. */
export const writeResultsFile = async (given: string, cwd: string, pages: AsyncIterable<readonly ItemResult[]>): Promise<JsonObject> => {
  const path = resolve(cwd, given);
  const aside = `${path}.${process.pid}.tmp`;
  const file = createWriteStream(aside, { mode: 0o600 });
  const done = finished(file);
  // Heard below; without this a failure between two pages would end the process.
  done.catch(() => undefined);
  try {
    const count = await writeResults(file, pages);
    file.end();
    await done;
    await rename(aside, path);
    return { output: path, result_count: count };
  } catch (error) {
    file.destroy();
    await rm(aside, { force: true });
    if (error instanceof Error && 'syscall' in error) {
      throw new CliFailure(`--output ${given} cannot be written: ${error.message}`, {
        hint: `Is ${dirname(path)} a folder that you may write to, with room on it?`,
        exitCode: exitCodes.runtime,
      });
    }
    throw error;
  }
};
