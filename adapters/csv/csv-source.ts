import type { JsonObject } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource, RowMapping } from '../../lib/ports/source.ts';
import type { Compression } from '../files/compression.ts';
import { encodingOfLabel } from '../files/encoding.ts';
import type { FileTuning } from '../files/file-source.ts';
import { bytesLimit, createFileSource, FILE_TUNING, ROW_BYTES_MAX } from '../files/file-source.ts';
import { once } from '../files/once.ts';
import { badEntry, createRowMapper } from '../files/row-mapping.ts';
import { readCsv } from './read-csv.ts';
import type { CsvRow } from './read-csv.ts';

/** How to read a CSV file. */
export type CsvOptions<Column extends string, Payload, Metadata extends JsonObject> = {
  /**
   * The columns of a row, checked against the header before the first row. Default: all that the
   * header names.
   */
  readonly columns?: readonly Column[];
  /** Between fields. Default: as a first line for Excel says (`sep=;`), else a comma. */
  readonly delimiter?: string;
  /**
   * Around fields that hold delimiters or line ends; null where quotes are text. Default `"`, and
   * then a record of six lines or more, each of which looks like a record, is a bad row: two stray
   * quotes make such a one. Named, quotes are taken at their word.
   */
  readonly quote?: '"' | "'" | null;
  /**
   * Whether a record of empty fields alone, as spreadsheets write them at the end, is passed over
   * like a blank line. Default false: it is a row.
   */
  readonly skipsEmptyRecords?: boolean;
  /** A longer record is a bad row. Default 16 MiB. */
  readonly recordBytesMax?: number;
  /** How the file is packed. Default: as its name ends, `.gz` for gzip, `.zst` for zstd. */
  readonly compression?: Compression;
  /**
   * Of its text: any label of the WHATWG (`windows-1252`, `shift_jis`, `utf-16`). Default: as its
   * byte order mark says, else UTF-8.
   */
  readonly encoding?: string;
  /**
   * Called once, with the line of the first byte order mark behind the start of the file, as files
   * have that were put together. Such marks are left out, at the start of rows, and so is a header
   * behind one.
   */
  readonly onMark?: (line: number) => void;
} & RowMapping<Readonly<Record<NoInfer<Column>, string>>, Payload, Metadata>;

/**
 * Reads a CSV file: UTF-8 unless said otherwise, a header first, in order, resumable behind any
 * row. Lines end in LF, CRLF or CRCRLF, mixed if need be; fields may be quoted, with line ends and
 * doubled quotes inside; quotes inside unquoted fields are text; blank lines are skipped; a byte
 * order mark is tolerated. Several columns without a name are left out, and so are empty fields
 * behind the last column. A record with the wrong number of columns, wrong quotes, invalid UTF-8 or
 * no usable id is a bad row. Where quotes are wrong reading continues at the next line, which may
 * lie inside what was meant as one record. Reading throws `SourceError` if the file is missing,
 * unreadable, empty or no text, or its header lacks a column or names one twice. Throws at once for
 * a senseless `delimiter`, `encoding` or `recordBytesMax`.
 */
export const csvSource = <
  const Column extends string = string,
  Payload = Readonly<Record<Column, string>>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: CsvOptions<Column, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> => tunedCsvSource(path, options, FILE_TUNING);

/**
 * `csvSource` with chunk and slice sizes of one's own: for specs, where a record must straddle many
 * chunks.
 */
export const tunedCsvSource = <
  const Column extends string = string,
  Payload = Readonly<Record<Column, string>>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: CsvOptions<Column, Payload, Metadata>,
  tuning: FileTuning,
): CheckpointedItemSource<Payload, Metadata> => {
  const { columns, itemId, delimiter = null } = options;
  if (delimiter !== null && (delimiter === '' || /["\r\n]/.test(delimiter))) {
    throw new RangeError(
      `delimiter is ${JSON.stringify(delimiter)}; it must not be empty, nor hold a quote or a line end`,
    );
  }
  const idColumn = typeof itemId === 'string' ? itemId : null;
  if (
    idColumn !== null &&
    columns !== undefined &&
    !columns.some((column) => column === idColumn)
  ) {
    throw new RangeError(`itemId is ${JSON.stringify(idColumn)}, which is not among columns`);
  }
  const encoding = encodingOfLabel(options.encoding);
  const recordBytesMax = bytesLimit('recordBytesMax', options.recordBytesMax, ROW_BYTES_MAX);
  const foundMark = once(options.onMark);
  const mapRow = createRowMapper<CsvRow<Column>, Payload, Metadata>(path, options);
  return createFileSource<CsvRow<Column>, Payload, Metadata>({
    kind: 'csv',
    path,
    compression: options.compression,
    encoding,
    tuning,
    readRows: (reading) =>
      readCsv(reading, {
        columns: columns ?? null,
        idColumn,
        delimiter,
        foundMark,
        quote: options.quote === undefined ? '"' : options.quote,
        trustsQuotes: options.quote !== undefined,
        recordBytesMax,
        skipsEmptyRecords: options.skipsEmptyRecords ?? false,
      }),
    toEntry: (row) => {
      const locator = { index: row.position.index - 1, line: row.line, position: row.position };
      return row.type === 'bad' ? badEntry(path, locator, row) : mapRow(row.value, locator);
    },
  });
};
