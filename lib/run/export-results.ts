import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import type { ResultPage, ResultPageOptions } from '../core/results.ts';
import type { ResultExport } from './run.ts';
import { toWire } from './wire.ts';

const pageRows = 1_000;

/** Writes results as JSON lines, page by page. A new file is written aside and renamed, so that half of it never looks whole; `append` adds to what is there. */
export const exportResults = async (
  path: string,
  { afterSequence = 0, limit = Infinity, append = false }: ResultPageOptions & { readonly append?: boolean },
  readPage: (options: ResultPageOptions) => Promise<ResultPage>,
): Promise<ResultExport> => {
  await mkdir(dirname(path), { recursive: true });
  const target = append ? path : `${path}.${process.pid}.tmp`;
  const file = createWriteStream(target, { flags: append ? 'a' : 'w', mode: 0o600 });
  const done = finished(file);
  let exportedCount = 0;
  let cursor = afterSequence;
  let hasMore = true;
  try {
    while (hasMore && exportedCount < limit) {
      const page = await readPage({ afterSequence: cursor, limit: Math.min(pageRows, limit - exportedCount) });
      const text = page.results.map((result) => `${JSON.stringify(toWire(result))}\n`).join('');
      if (!file.write(text)) await Promise.race([new Promise<void>((resolve) => file.once('drain', () => resolve())), done]);
      exportedCount += page.results.length;
      cursor = page.nextAfterSequence;
      hasMore = page.hasMore && page.results.length > 0;
    }
    file.end();
    await done;
    if (!append) await rename(target, path);
  } catch (error) {
    file.destroy();
    await done.catch(() => undefined);
    if (!append) await rm(target, { force: true });
    throw error;
  }
  return { path, exportedCount, nextAfterSequence: cursor, hasMore };
};
