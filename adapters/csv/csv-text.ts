import { checkCompression } from '../files/compression.ts';
import { type CutText, openCutText } from '../files/cut-text.ts';
import { checkEncoding, encodingOfLabel } from '../files/encoding.ts';
import { FILE_TUNING, ROW_BYTES_MAX } from '../files/file-source.ts';
import { openFile } from '../files/open-file.ts';
import { createRecordExtender, type RecordExtender } from './extend-record.ts';
import { readHeader } from './read-header.ts';

/** How to read and write the file. */
export interface CsvTextOptions {
  readonly delimiter: string;
  /** Null: quotes are text, and fields cannot be added safely. */
  readonly quote: '"' | "'" | null;
  readonly encoding?: string;
  readonly signal: AbortSignal;
}

/**
 * The head of a CSV file: its columns, those without a name too, and where in its text the first
 * row begins.
 */
export interface CsvHead {
  readonly columns: readonly string[];
  readonly endOffset: number;
}

/**
 * The text of a CSV file, and how fields are added to its records. To be closed. Throws
 * `SourceError` where it has no header, or cannot be read.
 */
export const openCsvText = async (
  path: string,
  options: CsvTextOptions,
): Promise<{ readonly head: CsvHead; readonly text: CutText } & RecordExtender> => {
  const { delimiter, quote } = options;
  const head = await readCsvHead(path, options);
  const { extend } = createRecordExtender({
    delimiter,
    quote: quote ?? '"',
    columnCount: head.columns.length,
  });
  return { head, extend, text: await openCutText(path, options) };
};

const readCsvHead = async (
  path: string,
  { delimiter, quote, encoding: label, signal }: CsvTextOptions,
): Promise<CsvHead> => {
  const file = await openFile(path);
  try {
    const compression = await checkCompression(file, undefined);
    const encoding = await checkEncoding(file, {
      compression,
      said: encodingOfLabel(label),
      signal,
    });
    const reading = {
      file,
      compression,
      encoding,
      from: null,
      chunkBytes: FILE_TUNING.chunkBytes,
      signal,
    };
    const { columns, next } = await readHeader(reading, {
      delimiter,
      quote,
      trustsQuotes: true,
      recordBytesMax: ROW_BYTES_MAX,
    });
    return { columns, endOffset: next.offset };
  } finally {
    await file.handle.close();
  }
};
