import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TableFormat, TablePage } from '../../ports/table.ts';
import { BatchorError } from '../api/errors.ts';
import type { ResultReader } from './result-reader.ts';
import type { ExportOptions, ResultExport } from '../api/run.ts';
import { jsonLinesFormat } from './json-lines.ts';
import { appendLines, writeWholeFile } from './whole-file.ts';

const pageRows = 1_000;

type Reader = Pick<ResultReader, 'textPage' | 'inputText' | 'table' | 'lastSequence'>;
/** The bytes to write, and afterwards the counts. */
interface Writing {
  readonly bytes: AsyncIterable<string | Uint8Array>;
  readonly written: () => Omit<ResultExport, 'path'>;
}

/** Writes results page by page: a whole new file, or with `append` to the end of a file. */
export const exportResults = async (
  path: string,
  options: ExportOptions,
  reader: Reader,
): Promise<ResultExport> => {
  const { append = false, columns, order, afterSequence, limit } = options;
  const format = options.format ?? (columns === undefined ? undefined : jsonLinesFormat());
  if (append && format !== undefined)
    throw refused('append', `cannot append to a file of format ${format.name}, only to JSON lines`);
  if (order === 'input' && (append || afterSequence !== undefined || limit !== undefined))
    throw refused(
      'order',
      'results in input order are always complete: afterSequence, limit and append do not apply',
    );
  await mkdir(dirname(path), { recursive: true });
  const { bytes, written } =
    format !== undefined
      ? await tableOf(format, options, reader)
      : order === 'input'
        ? linesInOrder(options, reader)
        : lines(options, reader);
  await (append ? appendLines(path, bytes) : writeWholeFile(path, bytes));
  return { path, ...written() };
};

const refused = (field: string, message: string): BatchorError =>
  new BatchorError('invalid_config', { field }, message, `Omit ${field}.`);

const lines = (
  { afterSequence = 0, limit = Infinity, include = [], only = 'all', signal }: ExportOptions,
  { textPage }: Reader,
): Writing => {
  let exportedCount = 0;
  let cursor = afterSequence;
  let hasMore = true;
  async function* texts(): AsyncGenerator<string> {
    for (let isStuck = false; hasMore && !isStuck && cursor - afterSequence < limit;) {
      signal?.throwIfAborted();
      const page = await textPage({
        afterSequence: cursor,
        limit: Math.min(pageRows, limit - (cursor - afterSequence)),
        include,
        only,
      });
      yield page.text;
      exportedCount += page.count;
      isStuck = page.nextAfterSequence === cursor;
      cursor = page.nextAfterSequence;
      hasMore = page.hasMore;
    }
  }
  return { bytes: texts(), written: () => ({ exportedCount, nextAfterSequence: cursor, hasMore }) };
};

const linesInOrder = (
  { include = [], only = 'all', signal }: ExportOptions,
  { inputText, lastSequence }: Reader,
): Writing => {
  let exportedCount = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const page of inputText({
      include,
      only,
      ...(signal === undefined ? {} : { signal }),
    })) {
      yield page.text;
      exportedCount += page.count;
    }
  }
  // A finished run has one result per row, and gets no more.
  return {
    bytes: texts(),
    written: () => ({ exportedCount, nextAfterSequence: lastSequence(), hasMore: false }),
  };
};

const tableOf = async (
  format: TableFormat,
  options: ExportOptions,
  { table }: Reader,
): Promise<Writing> => {
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
    written: () => ({
      exportedCount,
      nextAfterSequence: cursor().sequence,
      hasMore: cursor().hasMore,
    }),
  };
};
