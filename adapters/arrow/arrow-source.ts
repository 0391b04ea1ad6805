import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource, RowMapping, SourceEntry } from '../../lib/ports/source.ts';
import { fingerprintFile } from '../files/file-fingerprint.ts';
import { openFile } from '../files/open-file.ts';
import { badEntry, createRowMapper, givenId, keptOf, withRowIndex } from '../files/row-mapping.ts';
import type { RowLocator } from '../files/row-mapping.ts';
import { checkRow } from '../files/row-schema.ts';
import type { CheckedRow } from '../files/row-schema.ts';
import { decodePosition } from './arrow-position.ts';
import { readArrow } from './read-arrow.ts';
import type { ArrowRow, BatchRows } from './read-arrow.ts';

/** Options for reading an Arrow file. */
export type ArrowOptions<
  Column extends string,
  Schema extends StandardSchemaV1,
  Payload,
  Metadata extends JsonObject,
> = {
  /** The columns of a row, checked before the first row (default: all). */
  readonly columns?: readonly Column[];
  /** Checks and types every row. Without it, rows are JSON objects. */
  readonly rowSchema?: Schema;
} & RowMapping<StandardSchemaV1.InferOutput<Schema>, Payload, Metadata>;

/** The size of a pull. It changes neither entries nor positions. */
export interface ArrowTuning {
  readonly sliceRowsMax: number;
  /** A pull ends early once its rows are about this many bytes of the file. */
  readonly sliceBytesMax: number;
}

/**
 * Reads an Arrow file, in the file format (`.arrow`, `.feather` of version 2) or the stream format
 * (`.arrows`): in order, resumable after any row, with one record batch in memory at a time.
 * Buffers may be compressed with lz4, and with zstd where Node has it.
 *
 * A row is a JSON object. Whole numbers are numbers where they are exact, else decimal strings, as
 * decimals always are. Timestamps, dates and times are ISO 8601, with a Z where the column has a
 * time zone. Durations are whole numbers of their unit; bytes are base64; dictionaries are their
 * values; lists are arrays, structs and maps objects; NaN and the infinities are null.
 *
 * A bad row is one with a text that is not UTF-8, with a date beyond the years of ISO 8601,
 * without a usable id, or that does not match `rowSchema`. Reading throws `SourceError` if the
 * file is missing, unreadable, empty, damaged, truncated or not Arrow, and if it lacks a column.
 */
export const arrowSource = <
  const Column extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1<Readonly<Record<Column, JsonValue>>>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: ArrowOptions<Column, Schema, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> =>
  tunedArrowSource(path, options, { sliceRowsMax: 1_000, sliceBytesMax: 2 * 1024 * 1024 });

/** `arrowSource` with other pull sizes: for specs, where a batch must span many pulls. */
export const tunedArrowSource = <
  const Column extends string = string,
  Schema extends StandardSchemaV1 = StandardSchemaV1<Readonly<Record<Column, JsonValue>>>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: ArrowOptions<Column, Schema, Payload, Metadata>,
  tuning: ArrowTuning,
): CheckpointedItemSource<Payload, Metadata> => {
  const { rowSchema } = options;
  const columns: readonly string[] | null = options.columns ?? null;
  // A schema may transform the row, so the id need not be a column.
  const idColumn =
    typeof options.itemId === 'string' && rowSchema === undefined ? options.itemId : null;
  if (idColumn !== null && columns !== null && !columns.includes(idColumn)) {
    throw new RangeError(`itemId is ${JSON.stringify(idColumn)}, which is not among columns`);
  }
  const toEntry = createEntryMaker(path, options);
  return {
    kind: 'arrow',
    ref: path,
    fingerprint: (each) => fingerprintFile(path, each),
    read: async function* (stored, { signal }) {
      signal.throwIfAborted();
      const from = stored === null ? null : decodePosition(stored, path);
      const file = await openFile(path);
      try {
        let index = from?.index ?? 0;
        for await (const rows of readArrow({ file, from, columns, idColumn, signal })) {
          const sliceRows = sliceRowsOf(rows, tuning);
          for (let begin = rows.firstRow; begin < rows.rowCount; begin += sliceRows) {
            const slice: SourceEntry<Payload, Metadata>[] = [];
            for (let row = begin; row < Math.min(begin + sliceRows, rows.rowCount); row += 1) {
              const position = { batch: rows.batch, row: row + 1, index: index + 1 };
              const entry = toEntry(rows.rowAt(row), { index, line: null, position });
              slice.push(entry instanceof Promise ? await entry : entry);
              index += 1;
            }
            yield slice;
            signal.throwIfAborted();
          }
        }
      } finally {
        await file.handle.close();
      }
    },
  };
};

/** Rows per pull, from the average row size of the batch. */
const sliceRowsOf = (
  { rowCount, bytes }: BatchRows,
  { sliceRowsMax, sliceBytesMax }: ArrowTuning,
): number => Math.max(1, Math.min(sliceRowsMax, Math.floor(sliceBytesMax / (bytes / rowCount))));

type EntryMaker<Payload, Metadata extends JsonObject> = (
  row: ArrowRow,
  origin: RowLocator,
) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>;

const createEntryMaker = <
  Column extends string,
  Schema extends StandardSchemaV1,
  Payload,
  Metadata extends JsonObject,
>(
  path: string,
  options: ArrowOptions<Column, Schema, Payload, Metadata>,
): EntryMaker<Payload, Metadata> => {
  type Row = StandardSchemaV1.InferOutput<Schema>;
  const { rowSchema } = options;
  const mapRow = createRowMapper<Row, Payload, Metadata>(path, options);
  const made = (row: ArrowRow, origin: RowLocator): ReturnType<EntryMaker<Payload, Metadata>> => {
    if (row.type === 'bad')
      // The mapping is promised rows that fit the schema.
      return badEntry(path, origin, {
        ...row,
        ...(rowSchema === undefined ? keptOf(options, row.row as Row, origin.index) : {}),
      });
    // Without a schema, Row cannot be inferred and is the default: a JSON object.
    if (rowSchema === undefined) return mapRow(row.value as Row, origin);
    const finish = (checked: CheckedRow<Row>): SourceEntry<Payload, Metadata> =>
      checked.type === 'row'
        ? mapRow(checked.row, origin)
        : badEntry(path, origin, {
            ...checked,
            row: row.value,
            itemId: givenId(row.value, options.itemId),
          });
    const checked = checkRow(rowSchema, row.value);
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
  // Rows have no lines.
  return (row, origin) => {
    const entry = made(row, origin);
    return entry instanceof Promise
      ? entry.then((each) => withRowIndex(each, origin.index))
      : withRowIndex(entry, origin.index);
  };
};
