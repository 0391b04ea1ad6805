import { CsvError, Parser } from 'csv-parse';
import { tooLongReason } from '../files/file-source.ts';

/** A record, and the offset in the file of the byte after it and its line end. */
export interface ParsedRecord {
  readonly fields: readonly string[];
  readonly endOffset: number;
}

/** Why a record cannot be told from what follows it. */
export interface RecordFault {
  readonly reason: string;
  /** 0-based column of the field at fault; null when the whole record is. */
  readonly column: number | null;
  /** Offset in the file right before the field at fault; the record before it is sound. */
  readonly fieldOffset: number;
}

/**
 * What came of a few bytes more: records that are complete, then perhaps a fault, after which the
 * segment is over.
 */
export interface Parsed {
  readonly records: readonly ParsedRecord[];
  readonly fault: RecordFault | null;
}

/** A stretch of a CSV file, from the start of a record up to the first fault or the end. */
export interface CsvSegment {
  /** Parses the bytes that follow those of before; they are copied. */
  feed(bytes: Buffer): Promise<Parsed>;
  /** The file ends here. */
  end(): Promise<Parsed>;
  /** The error for a record that is too long. */
  tooLong(recordBytesMax: number): RecordFault;
}

/** Our messages for error codes of `csv-parse`. Its own count lines from the segment's start. */
const REASONS: Readonly<Partial<Record<CsvError['code'], string>>> = {
  CSV_QUOTE_NOT_CLOSED:
    'a quoted field is never closed. Close it, or read quotes as text (quote: null)',
};

/**
 * Opens a segment at the start of the record at `offset`. Records come as arrays, so that their
 * number of columns is the caller's to judge. `quote`: null where quotes are text. Quotes inside
 * unquoted fields are text; records with other quotes out of place are the caller's to find.
 */
export const openSegment = (
  offset: number,
  delimiter: string,
  quote: string | null,
): CsvSegment => {
  let records: ParsedRecord[] = [];
  const parser = new Parser({
    delimiter,
    quote,
    escape: quote,
    // Else one inch mark would cost its row.
    relax_quotes: true,
    // Both, always: left to find out, it takes the first line's end for all, and files of two hands
    // mix them. CRCRLF is what a CRLF becomes that is written as text on Windows.
    record_delimiter: ['\r\r\n', '\r\n', '\n'],
    skip_empty_lines: true,
    relax_column_count: true,
  });
  // In place of the stream's own queue: only while a record is being pushed is `info` that
  // record's. The documented ways to learn it, `info` and `on_record`, copy all of `info` for each
  // record, at a third of the speed.
  const pushToStream = parser.push.bind(parser);
  parser.push = (fields: readonly string[] | null): boolean => {
    if (fields === null) return pushToStream(null);
    records.push({ fields, endOffset: offset + parser.info.bytes });
    return true;
  };
  // Errors are taken from the callbacks below; without a listener Node would also throw them at the
  // process.
  parser.on('error', () => undefined).resume();

  const faultOf = (error: Error): RecordFault => {
    const reason = error instanceof CsvError ? REASONS[error.code] : undefined;
    if (reason === undefined || !(error instanceof CsvError)) throw error;
    return {
      reason,
      column: typeof error['column'] === 'number' ? error['column'] : null,
      fieldOffset: offset + parser.info.bytes,
    };
  };
  const taken = (error: Error | null | undefined): Parsed => {
    const done = records;
    records = [];
    return { records: done, fault: error === null || error === undefined ? null : faultOf(error) };
  };

  return {
    // The parser keeps a view of the last few bytes, and the window they are in moves: hence the
    // copy.
    feed: async (bytes) =>
      taken(
        await new Promise<Error | null | undefined>((resolve) =>
          parser.write(Buffer.from(bytes), resolve),
        ),
      ),
    end: async () =>
      taken(
        await new Promise<Error | null>((resolve) => {
          parser.once('error', resolve).once('end', () => resolve(null));
          parser.end();
        }),
      ),
    tooLong: (recordBytesMax) => ({
      reason: `${tooLongReason('the record', 'recordBytesMax', recordBytesMax)}. Is a quote never closed? Close it, or read quotes as text (quote: null)`,
      column: null,
      fieldOffset: offset + parser.info.bytes,
    }),
  };
};
