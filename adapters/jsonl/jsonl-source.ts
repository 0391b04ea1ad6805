import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource, RowMapping } from '../../lib/ports/source.ts';
import type { Compression } from '../files/compression.ts';
import { encodingOfLabel } from '../files/encoding.ts';
import type { NumberReading } from '../files/exact-json.ts';
import type { FileTuning } from '../files/file-source.ts';
import { bytesLimit, createFileSource, FILE_TUNING, ROW_BYTES_MAX } from '../files/file-source.ts';
import { jsonRowReader } from './json-row-reader.ts';
import type { JsonRow } from './parse-row.ts';
import { readJsonl } from './read-jsonl.ts';

/** How to read a JSONL file. */
export type JsonlOptions<Schema extends StandardSchemaV1, Payload, Metadata extends JsonObject> = {
  /** Checks and types every row. Without it, rows are JSON objects. */
  readonly rowSchema?: Schema;
  /** A longer line is a bad row. Default 16 MiB. */
  readonly lineBytesMax?: number;
  /** How the file is packed. Default: as its name ends, `.gz` for gzip, `.zst` for zstd. */
  readonly compression?: Compression;
  /**
   * Of its text: any label of the WHATWG (`windows-1252`, `shift_jis`, `utf-16`). Default: as its
   * byte order mark says, else UTF-8.
   */
  readonly encoding?: string;
  /**
   * How numbers are read. Default `exact`: as numbers, but for those that a JavaScript number would
   * round (whole ones beyond 2^53) or cannot hold (`1e400`), which are their digits, as text.
   * `text`: each as the text that it is written as, `19.90`. `rounded`: as `JSON.parse` has it.
   */
  readonly numbers?: NumberReading;
  /** Whether rows come with their own JSON too, letter by letter (`text`). Default false. */
  readonly keepsText?: boolean;
  /**
   * Called once, with the line of the first byte order mark behind the start of the file, as files
   * have that were put together. Such marks are left out, at the start of rows.
   */
  readonly onMark?: (line: number) => void;
} & RowMapping<StandardSchemaV1.InferOutput<Schema>, Payload, Metadata>;

/**
 * Reads a JSONL file: UTF-8 unless said otherwise, a JSON object per line, in order, resumable
 * behind any row. Lines end in LF or CRLF; blank lines are skipped; a byte order mark is tolerated.
 * A line that is too long, not UTF-8, not a JSON object, does not fit `rowSchema`, or has no usable
 * id is a bad row, and reading continues after it. Reading throws `SourceError` if the file is
 * missing, unreadable, empty or no text. Throws a `RangeError` at once for a senseless
 * `lineBytesMax` or `encoding`.
 */
export const jsonlSource = <
  Schema extends StandardSchemaV1 = StandardSchemaV1<JsonObject>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: JsonlOptions<Schema, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> => tunedJsonlSource(path, options, FILE_TUNING);

/**
 * `jsonlSource` with chunk and slice sizes of one's own: for specs, where a row must straddle many
 * chunks.
 */
export const tunedJsonlSource = <
  Schema extends StandardSchemaV1 = StandardSchemaV1<JsonObject>,
  Payload = StandardSchemaV1.InferOutput<Schema>,
  Metadata extends JsonObject = {},
>(
  path: string,
  options: JsonlOptions<Schema, Payload, Metadata>,
  tuning: FileTuning,
): CheckpointedItemSource<Payload, Metadata> => {
  const encoding = encodingOfLabel(options.encoding);
  const lineBytesMax = bytesLimit('lineBytesMax', options.lineBytesMax, ROW_BYTES_MAX);
  return createFileSource<JsonRow, Payload, Metadata>({
    kind: 'jsonl',
    path,
    compression: options.compression,
    encoding,
    tuning,
    readRows: (reading) =>
      readJsonl(reading, { lineBytesMax, numbers: options.numbers ?? 'exact' }),
    toEntry: jsonRowReader(path, options),
  });
};
