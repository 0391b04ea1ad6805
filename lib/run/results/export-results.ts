import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TablePage } from '../../ports/table.ts';
import { BatchorError } from '../api/errors.ts';
import type { ResultReader } from './result-reader.ts';
import type { ExportOptions, ResultExport } from '../api/run.ts';
import { appendLines, writeWholeFile } from './whole-file.ts';

const pageRows = 1_000;

type Reader = Pick<ResultReader, 'textPage' | 'inputText' | 'table'>;
/** What is written, and what was, once it is. */
interface Writing {
  readonly bytes: AsyncIterable<string | Uint8Array>;
  readonly written: () => Omit<ResultExport, 'path'>;
}

/** Writes results page by page: into a file that is whole or not there, or, with `append`, behind what is there. */
export const exportResults = async (path: string, options: ExportOptions, reader: Reader): Promise<ResultExport> => {
  const { append = false, format, order, afterSequence, limit } = options;
  if (append && format !== undefined) throw refused('append', `a file of format ${format.name} cannot be added to; JSON lines can`);
  if (order === 'input' && (append || afterSequence !== undefined || limit !== undefined))
    throw refused('order', 'results in input order are all of them: without afterSequence, limit and append');
  await mkdir(dirname(path), { recursive: true });
  const { bytes, written } =
    format !== undefined ? await tableOf(options, reader) : order === 'input' ? linesInOrder(options, reader) : lines(options, reader);
  await (append ? appendLines(path, bytes) : writeWholeFile(path, bytes));
  return { path, ...written() };
};

const refused = (field: string, message: string): BatchorError =>
  new BatchorError('invalid_config', { field }, message, `Leave ${field} out.`);

const lines = ({ afterSequence = 0, limit = Infinity, include = [], signal }: ExportOptions, { textPage }: Reader): Writing => {
  let exportedCount = 0;
  let cursor = afterSequence;
  let hasMore = true;
  async function* texts(): AsyncGenerator<string> {
    while (hasMore && exportedCount < limit) {
      signal?.throwIfAborted();
      const page = await textPage({ afterSequence: cursor, limit: Math.min(pageRows, limit - exportedCount), include });
      yield page.text;
      exportedCount += page.count;
      cursor = page.nextAfterSequence;
      hasMore = page.hasMore && page.count > 0;
    }
  }
  return { bytes: texts(), written: () => ({ exportedCount, nextAfterSequence: cursor, hasMore }) };
};

const linesInOrder = ({ include = [], signal }: ExportOptions, { inputText }: Reader): Writing => {
  let exportedCount = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const page of inputText({ include, ...(signal === undefined ? {} : { signal }) })) {
      yield page.text;
      exportedCount += page.count;
    }
  }
  // A finished run has a result for each row, and no more are to come.
  return { bytes: texts(), written: () => ({ exportedCount, nextAfterSequence: exportedCount, hasMore: false }) };
};

const tableOf = async ({ format, ...options }: ExportOptions, { table }: Reader): Promise<Writing> => {
  if (format === undefined) throw new Error('a table without a format');
  const { columns, pages, cursor } = await table(options);
  let exportedCount = 0;
  async function* counted(): AsyncGenerator<TablePage> {
    for await (const page of pages) {
      yield page;
      exportedCount += page.rowCount;
    }
  }
  return {
    bytes: format.encode({ columns, pages: counted() }),
    written: () => ({ exportedCount, nextAfterSequence: cursor().sequence, hasMore: cursor().hasMore }),
  };
};
