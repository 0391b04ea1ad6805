import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource } from '../../lib/ports/source.ts';
import { encodingOfLabel } from '../files/encoding.ts';
import type { FileTuning } from '../files/file-source.ts';
import { bytesLimit, createFileSource, FILE_TUNING, ROW_BYTES_MAX } from '../files/file-source.ts';
import type { JsonlOptions } from './jsonl-source.ts';
import { jsonRowReader } from './json-row-reader.ts';
import type { JsonRow } from './parse-row.ts';
import { readJson } from './read-json.ts';

/** How to read a JSON file. */
export type JsonOptions<Schema extends StandardSchemaV1, Payload, Metadata extends JsonObject> = {
  /**
   * Where the list of rows lies: names of objects with points between them, `data.items`. Default:
   * the file is the list.
   */
  readonly path?: string;
  /** A longer row is a bad one. Default 16 MiB. */
  readonly rowBytesMax?: number;
} & Omit<JsonlOptions<Schema, Payload, Metadata>, 'lineBytesMax'>;

/**
 * Reads a JSON file that is a list of objects, holds one under `path`, or is objects one behind the
 * other, written over as many lines as they like: in order, in bounded memory, resumable behind any
 * row. What is no object, longer than `rowBytesMax`, does not fit `rowSchema`, or has no usable id
 * is a bad row. Reading throws `SourceError` as `jsonlSource` does, where `path` leads to no list,
 * and, behind the rows before it, where the file is cut off or its brackets or commas are wrong.
 * Throws a `RangeError` at once for a senseless `rowBytesMax`, `encoding` or `path`.
 */
export const jsonSource = <
  Schema extends StandardSchemaV1 = StandardSchemaV1<JsonObject>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: JsonOptions<Schema, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> => tunedJsonSource(path, options, FILE_TUNING);

/**
 * `jsonSource` with chunk and slice sizes of one's own: for specs, where a row must straddle many
 * chunks.
 */
export const tunedJsonSource = <
  Schema extends StandardSchemaV1 = StandardSchemaV1<JsonObject>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: JsonOptions<Schema, Payload, Metadata>,
  tuning: FileTuning,
): CheckpointedItemSource<Payload, Metadata> => {
  const names = options.path?.split('.') ?? [];
  if (names.includes(''))
    throw new RangeError(
      `path is ${JSON.stringify(options.path)}; it must be names with points between them`,
    );
  const rowBytesMax = bytesLimit('rowBytesMax', options.rowBytesMax, ROW_BYTES_MAX);
  return createFileSource<JsonRow, Payload, Metadata>({
    kind: 'json',
    path,
    compression: options.compression,
    encoding: encodingOfLabel(options.encoding),
    tuning,
    readRows: (reading) =>
      readJson(reading, {
        path: names,
        idField: typeof options.itemId === 'string' ? options.itemId : null,
        rowBytesMax,
        numbers: options.numbers ?? 'exact',
      }),
    toEntry: jsonRowReader(path, options),
  });
};
