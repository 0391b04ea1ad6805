import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, RowMapping, SourceEntry } from '../../lib/ports/source.ts';
import { fingerprintFile } from '../files/file-fingerprint.ts';
import { openFile } from '../files/open-file.ts';
import type { OpenFile } from '../files/open-file.ts';
import type { DecimalReading } from './decimal-texts.ts';
import { fileRanges } from './file-ranges.ts';
import { pickColumns } from './picked-columns.ts';
import type { ColumnChoice } from './picked-columns.ts';
import { readFooter } from './read-footer.ts';
import { rowAt } from './read-rows.ts';
import type { ParquetRow } from './read-rows.ts';
import { readWindows } from './read-windows.ts';
import type { WindowTuning } from './read-windows.ts';
import { createRowReader } from './row-reader.ts';

/** Options for reading a Parquet file. */
export type ParquetOptions<
  Column extends string,
  Schema extends StandardSchemaV1,
  Payload,
  Metadata extends JsonObject,
> = {
  /**
   * The columns of a row, checked against the file before the first row; no others are read
   * (default: all).
   */
  readonly columns?: readonly Column[];
  /** Checks and types every row. Without it, rows are JSON objects with these columns. */
  readonly rowSchema?: Schema;
  /**
   * How decimals are read: as `text` with their digits, such as `19.90` (default), or as `number`,
   * which holds 15 digits.
   */
  readonly decimals?: DecimalReading;
} & RowMapping<StandardSchemaV1.InferOutput<Schema>, Payload, Metadata>;

/** How much is held at once. It changes the size of a pull, not entries or positions. */
export interface ParquetTuning extends WindowTuning {
  /** Entries per pull. */
  readonly sliceRowsMax: number;
}

/** For production; the specs use tiny ones. */
export const PARQUET_TUNING: ParquetTuning = {
  windowBytesMax: 16 * 1024 * 1024,
  windowRowsMax: 65_536,
  sliceRowsMax: 1_000,
};

/**
 * Reads a Parquet file in order, resumable after any row. It reads part of a row group at a time
 * (about 16 MiB before compression), and only the requested columns; uncompressed or with snappy,
 * gzip, brotli, zstd, lz4. Memory is bounded by that part and by the largest row group's
 * compressed columns. Nested columns of a file without offset indexes are decoded a whole row
 * group at a time.
 *
 * Cells are JSON. Whole numbers beyond 2^53 are decimal texts; decimals are texts of all their
 * digits (`19.90`). Dates and timestamps are ISO 8601 texts, in UTC when they have no zone; times
 * of day are the stored number. Binary columns are base64; lists are arrays, structs and maps
 * objects; missing values, NaN and the infinities are null.
 *
 * A bad row is one with a text that is not UTF-8, without a usable id, or that does not match
 * `rowSchema`. Reading throws `SourceError` if the file is missing, not Parquet, truncated or
 * encrypted, if it lacks a column, and for a row group that cannot be decoded. Throws a
 * `RangeError` at once when `itemId` is not among `columns`.
 */
export const parquetSource = <
  const Column extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1<Readonly<Record<Column, JsonValue>>>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: ParquetOptions<Column, Schema, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> => tunedParquetSource(path, options, PARQUET_TUNING);

/** `parquetSource` with other sizes: for specs, where a row group must be read in many windows. */
export const tunedParquetSource = <
  const Column extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1<Readonly<Record<Column, JsonValue>>>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: ParquetOptions<Column, Schema, Payload, Metadata>,
  tuning: ParquetTuning,
): CheckpointedItemSource<Payload, Metadata> => {
  const columns: readonly string[] | null = options.columns ?? null;
  // A schema may build the id from other columns.
  const idColumn: string | null =
    typeof options.itemId === 'string' && options.rowSchema === undefined ? options.itemId : null;
  if (idColumn !== null && columns !== null && !columns.includes(idColumn)) {
    throw new RangeError(`itemId is ${JSON.stringify(idColumn)}, which is not among columns`);
  }
  const { decimals = 'text' } = options;
  const toEntry = createRowReader(path, options);
  return {
    kind: 'parquet',
    ref: path,
    fingerprint: (given) => fingerprintFile(path, given),
    read: async function* (from, { signal }) {
      signal.throwIfAborted();
      const index = from === null ? 0 : decodeIndex(from, path);
      const file = await openFile(path);
      try {
        yield* inSlices({ file, index, signal, columns, idColumn, tuning, decimals }, toEntry);
      } finally {
        await file.handle.close();
      }
    },
  };
};

interface SliceReading extends ColumnChoice {
  readonly file: OpenFile;
  readonly index: number;
  readonly tuning: ParquetTuning;
  readonly decimals: DecimalReading;
  readonly signal: AbortSignal;
}

async function* inSlices<Payload, Metadata extends JsonObject>(
  { file, index, tuning, signal, decimals, ...choice }: SliceReading,
  toEntry: (
    row: ParquetRow,
  ) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>,
): AsyncGenerator<readonly SourceEntry<Payload, Metadata>[]> {
  const ref = file.path;
  const ranges = fileRanges(file, signal);
  const footer = await readFooter(file, ranges, decimals);
  const columns = pickColumns(footer, choice, ref);
  if (index > footer.rowCount) {
    const what = `has fewer rows (${footer.rowCount}) than needed to continue at row ${index}. Restore the file that the run began with`;
    throw new SourceError(what, { ref });
  }
  for await (const window of readWindows({
    ...tuning,
    ref,
    ranges,
    footer,
    columns,
    from: index,
    signal,
  })) {
    let slice: SourceEntry<Payload, Metadata>[] = [];
    for (let at = 0; at < window.rowCount; at += 1) {
      const entry = toEntry(rowAt(window, columns, at));
      slice.push(entry instanceof Promise ? await entry : entry);
      if (slice.length < tuning.sliceRowsMax) continue;
      yield slice;
      signal.throwIfAborted();
      slice = [];
    }
    if (slice.length > 0) yield slice;
  }
}

/** Decodes a stored position: the 0-based index of the next row. The footer tells its row group. */
const decodeIndex = (stored: JsonValue, ref: string): number => {
  const index = isJsonObject(stored) ? stored['index'] : undefined;
  if (typeof index === 'number' && Number.isSafeInteger(index) && index >= 0) return index;
  throw new SourceError(
    `cannot continue from ${JSON.stringify(stored)}: not a position of a Parquet source`,
    { ref },
  );
};
