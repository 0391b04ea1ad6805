import { SourceError } from '../../lib/ports/source-error.ts';
import type { FileReading } from '../files/file-reading.ts';
import type { FilePosition } from '../files/file-position.ts';
import { type FileWindow, openWindow } from '../files/file-window.ts';
import { skipMark } from '../files/utf8.ts';
import { undecodableReason } from '../files/guess-encoding.ts';
import { type CsvRecord, readRecords, type RecordOptions } from './read-records.ts';

/**
 * The names of a file's columns, all different but for empty ones, and where its first row begins.
 */
export interface CsvHeader {
  readonly columns: readonly string[];
  /** As given, else as a first line for Excel says, else a comma. */
  readonly delimiter: string;
  readonly next: FilePosition;
}

/** A header is short: no need to parse a whole chunk for it. */
const HEADER_CHUNK_BYTES = 16 * 1024;

const JSON_HEAD_BYTES = 16;

/**
 * Reads the header, which is the first line that is not blank; also when reading continues from the
 * middle of the file, so that positions stay small. A line for Excel before it (`sep=;`) is passed
 * over. Throws `SourceError` if there is none, it
 * cannot be read, or it names a column twice.
 */
export const readHeader = async (
  reading: FileReading,
  options: Omit<RecordOptions, 'line' | 'delimiter'> & { readonly delimiter: string | null },
): Promise<CsvHeader> => {
  const ref = reading.file.path;
  const window = await openWindow(
    { ...reading, chunkBytes: Math.min(reading.chunkBytes, HEADER_CHUNK_BYTES) },
    null,
  );
  try {
    await skipMark(window, ref);
    while (window.bytes.length < JSON_HEAD_BYTES && !window.ended) await window.fill();
    if (/^\{\s*"/.test(window.bytes.toString('latin1', 0, JSON_HEAD_BYTES)))
      throw new SourceError(
        'holds JSON lines, not CSV. Read it as JSON lines: name it .jsonl, or say so',
        { ref, line: 1 },
      );
    refuseReturns(window, reading);
    const separator = takeSeparator(window);
    const delimiter = options.delimiter ?? separator ?? ',';
    const start = separator === null ? 1 : 2;
    for await (const [record] of readRecords(window, { ...options, delimiter, line: start })) {
      if (record === undefined) continue;
      const { line, next } = record;
      if (record.type === 'fault')
        throw new SourceError(`the header cannot be read: ${await reasonOf(record, reading)}`, {
          ref,
          line,
        });
      checkHeader(record.fields, reading, line);
      return {
        columns: record.fields,
        delimiter,
        next: window.checkpointAt(next.offset, next.line, 0),
      };
    }
  } finally {
    await window.close();
  }
  throw new SourceError('has no header. Its first line must name the columns', { ref });
};

const RETURN = 0x0d;
const FEED = 0x0a;
const QUOTE = 0x22;

/** Throws where the first line, outside quotes, ends in CR alone, as on old Macs. */
const refuseReturns = ({ bytes }: FileWindow, reading: FileReading): void => {
  let isQuoted = false;
  for (let at = 0; at + 1 < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    if (isQuoted || (byte !== RETURN && byte !== FEED)) continue;
    const next = bytes[at + 1];
    if (byte === FEED || next === FEED || next === RETURN) return;
    throw endsInReturns(reading, 1);
  }
};

const endsInReturns = ({ file, compression }: FileReading, line: number): SourceError => {
  const unpacked = { none: '', gzip: 'gzip -dc FILE | ', zstd: 'zstd -dc FILE | ' }[compression];
  const from = compression === 'none' ? ' < FILE' : '';
  return new SourceError(
    `its lines end in CR alone. Write them with LF: ${unpacked}tr '\\r' '\\n'${from} > lines.csv`,
    { ref: file.path, line },
  );
};

/** Uses up a first line that tells Excel the delimiter; null: there is none. */
const takeSeparator = (window: FileWindow): string | null => {
  const head = window.bytes.toString('utf8', 0, 16);
  const [line, separator] = /^"?sep=([^"\r\n])"?[,;\t]*\r{0,2}\n/iu.exec(head) ?? [];
  if (line === undefined || separator === undefined) return null;
  window.drop(Buffer.byteLength(line));
  return separator;
};

/**
 * The delimiter that a first line for Excel names; null: there is none. Throws `SourceError` for a
 * file that is empty.
 */
export const readSeparator = async (reading: FileReading): Promise<string | null> => {
  const window = await openWindow(
    { ...reading, chunkBytes: Math.min(reading.chunkBytes, HEADER_CHUNK_BYTES) },
    null,
  );
  try {
    await skipMark(window, reading.file.path);
    while (window.bytes.length < JSON_HEAD_BYTES && !window.ended) await window.fill();
    return takeSeparator(window);
  } finally {
    await window.close();
  }
};

const checkHeader = (columns: readonly string[], reading: FileReading, line: number): void => {
  const ref = reading.file.path;
  if (columns.some((column) => /\r(?!\n)/.test(column))) throw endsInReturns(reading, line);
  const seen = new Set<string>();
  // Columns without a name are an index, or nothing: spreadsheets and data frames write them.
  const twice = columns.find((column) => column !== '' && seen.size === seen.add(column).size);
  if (twice === undefined) return;
  throw new SourceError(
    `the header names column ${JSON.stringify(twice)} twice. Rename one: ${listColumns(columns)}`,
    {
      ref,
      line,
      field: twice,
    },
  );
};

const reasonOf = (
  { reason, isUndecodable }: Extract<CsvRecord, { readonly type: 'fault' }>,
  reading: FileReading,
): Promise<string> | string =>
  isUndecodable === true ? undecodableReason(reason, reading) : reason;

/** Column names for a message, quoted so that a stray blank shows. */
export const listColumns = (columns: readonly string[]): string =>
  columns.map((column) => JSON.stringify(column)).join(', ');
