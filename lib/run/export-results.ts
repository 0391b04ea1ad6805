import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ResultPageOptions } from '../core/results.ts';
import type { ResultExport, ResultTextPage } from './run.ts';
import { writeTexts, writeWholeFile } from './whole-file.ts';

const pageRows = 1_000;

/** Writes results as JSON lines, page by page: into a file that is whole or not there, or, with `append`, behind what is there. */
export const exportResults = async (
  path: string,
  { afterSequence = 0, limit = Infinity, append = false }: ResultPageOptions & { readonly append?: boolean },
  readPage: (options: ResultPageOptions) => Promise<ResultTextPage>,
): Promise<ResultExport> => {
  await mkdir(dirname(path), { recursive: true });
  let exportedCount = 0;
  let cursor = afterSequence;
  let hasMore = true;
  async function* texts(): AsyncGenerator<string> {
    while (hasMore && exportedCount < limit) {
      const page = await readPage({ afterSequence: cursor, limit: Math.min(pageRows, limit - exportedCount) });
      yield page.text;
      exportedCount += page.count;
      cursor = page.nextAfterSequence;
      hasMore = page.hasMore && page.count > 0;
    }
  }
  await (append ? writeTexts(path, 'a', texts()) : writeWholeFile(path, texts()));
  return { path, exportedCount, nextAfterSequence: cursor, hasMore };
};
