// adapters/files is what file sources share, over node:fs alone: the one adapter folder that other
// adapters may import.
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { checkCompression } from './compression.ts';
import type { Compression } from './compression.ts';
import { checkEncoding } from './encoding.ts';
import { fingerprintFile } from './file-fingerprint.ts';
import { decodePosition } from './file-position.ts';
import type { FilePosition } from './file-position.ts';
import type { FileReading } from './file-reading.ts';
import { isPlain } from './file-window.ts';
import { undecodableReason } from './guess-encoding.ts';
import { openFile } from './open-file.ts';
import type { RowFault } from './row-mapping.ts';

/** How much is held at once. Changes what a pull yields, never which entries or positions come. */
export interface FileTuning {
  /** Bytes per read. */
  readonly chunkBytes: number;
  /** Entries per pull. */
  readonly sliceRowsMax: number;
  /** A pull ends early after this many bytes of the file: large rows must not add up. */
  readonly sliceBytesMax: number;
}

/** For production; the specs use tiny ones. */
export const FILE_TUNING: FileTuning = {
  chunkBytes: 256 * 1024,
  sliceRowsMax: 1_000,
  sliceBytesMax: 2 * 1024 * 1024,
};

/**
 * A row as the file holds it, good or bad (`isUndecodable`: its `reason` is what of it could not be
 * decoded, "the line"), and the position right after it.
 */
export type FileRow<Value> = { readonly line: number; readonly position: FilePosition } & (
  | { readonly type: 'row'; readonly value: Value }
  | ({ readonly type: 'bad'; readonly isUndecodable?: true } & RowFault)
);

/** What makes one kind of file source. */
export interface FileFormat<Value, Payload, Metadata extends JsonObject> {
  readonly kind: string;
  readonly path: string;
  /** Left out: as the name's end says. */
  readonly compression: Compression | undefined;
  /** By the name that the WHATWG gives it. Left out: by the byte order mark, else UTF-8. */
  readonly encoding: string | undefined;
  readonly tuning: FileTuning;
  /** The rows after `from`, in the arrays in which they come off the file. */
  readonly readRows: (reading: FileReading) => AsyncIterable<readonly FileRow<Value>[]>;
  readonly toEntry: (
    row: FileRow<Value>,
  ) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>;
}

/**
 * A source over one file of any format: opened at the first pull, closed when reading ends, fails,
 * is aborted or is given up. A failure comes behind the rows that were read before it. Memory is
 * bounded by `tuning` and the format's largest row. An abort rejects the pull with the signal's
 * reason.
 */
export const createFileSource = <Value, Payload, Metadata extends JsonObject>(
  format: FileFormat<Value, Payload, Metadata>,
): CheckpointedItemSource<Payload, Metadata> => ({
  kind: format.kind,
  ref: format.path,
  fingerprint: (options) => fingerprintFile(format.path, options),
  read: async function* (from, { signal }) {
    signal.throwIfAborted();
    const file = await openFile(format.path);
    try {
      const compression = await checkCompression(file, format.compression);
      const encoding = await checkEncoding(file, { compression, said: format.encoding, signal });
      const position =
        from === null
          ? null
          : decodePosition(from, format.path, isPlain({ compression, encoding }));
      yield* inSlices(format, {
        file,
        compression,
        encoding,
        from: position,
        chunkBytes: format.tuning.chunkBytes,
        signal,
      });
    } finally {
      await file.handle.close();
    }
  },
});

async function* inSlices<Value, Payload, Metadata extends JsonObject>(
  format: FileFormat<Value, Payload, Metadata>,
  reading: FileReading,
): AsyncGenerator<readonly SourceEntry<Payload, Metadata>[]> {
  const { sliceRowsMax, sliceBytesMax } = format.tuning;
  let slice: SourceEntry<Payload, Metadata>[] = [];
  let sliceStart = reading.from?.offset ?? 0;
  let failure: { readonly error: unknown } | null = null;
  try {
    for await (const rows of format.readRows(reading)) {
      for (const row of rows) {
        const entry = format.toEntry(
          row.type === 'bad' && row.isUndecodable === true ? await explained(row, reading) : row,
        );
        slice.push(entry instanceof Promise ? await entry : entry);
        if (slice.length < sliceRowsMax && row.position.offset - sliceStart < sliceBytesMax)
          continue;
        yield slice;
        reading.signal.throwIfAborted();
        slice = [];
        sliceStart = row.position.offset;
      }
    }
  } catch (error) {
    reading.signal.throwIfAborted();
    failure = { error };
  }
  if (slice.length > 0) yield slice;
  if (failure !== null) throw failure.error;
}

const explained = async <Row extends RowFault>(row: Row, reading: FileReading): Promise<Row> => ({
  ...row,
  reason: await undecodableReason(row.reason, reading),
});

/**
 * `value`, or the default if left out. Throws a `RangeError` unless it is a whole number of bytes
 * above zero.
 */
export const bytesLimit = (name: string, value: number | undefined, fallback: number): number => {
  const bytes = value ?? fallback;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new RangeError(`${name} is ${bytes}; it must be a whole number of bytes above 0`);
};

/** Default maximum length of a line or record: 16 MiB. */
export const ROW_BYTES_MAX = 16 * 1024 * 1024;

/** The reason of a row that is longer than `option` allows. */
export const tooLongReason = (what: string, option: string, bytesMax: number): string =>
  `${what} is longer than ${bytesMax} bytes, the most that a row may have (${option})`;
