import type {
  AsyncBuffer,
  ColumnChunk,
  CompressionCodec,
  Compressors,
  RowGroup,
  SchemaElement,
} from 'hyparquet';
import type { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import type {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  getSchemaPath,
} from 'hyparquet/src/schema.js';
import { checkBody, checkLevelsV2 } from './page-body.ts';
import type { PageLayout } from './page-body.ts';
import type { PageHeader } from './page-header.ts';
import { PAGE, readPageHeader } from './page-header.ts';

/** Functions of hyparquet that the checks use, loaded with it. */
export interface HyparquetParts {
  readonly deltaBinaryUnpack: typeof deltaBinaryUnpack;
  readonly getSchemaPath: typeof getSchemaPath;
  readonly getMaxDefinitionLevel: typeof getMaxDefinitionLevel;
  readonly getMaxRepetitionLevel: typeof getMaxRepetitionLevel;
}

/** The part of a row group to read. */
export interface GroupReading {
  readonly group: RowGroup;
  readonly schema: SchemaElement[];
  readonly columns: readonly string[];
  readonly ranges: AsyncBuffer;
  readonly compressors: Compressors;
  readonly parts: HyparquetParts;
  /** 0-based, in the row group. */
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** The file and row group that are passed to hyparquet. */
export interface CheckedGroup {
  readonly file: AsyncBuffer;
  readonly group: RowGroup;
  readonly compressors: Compressors;
}

/**
 * A row group whose pages are checked against its footer, and their lengths against their bytes,
 * before hyparquet decodes them. hyparquet trusts both: a few damaged bytes would keep it busy for
 * hours, or fill the memory. Uncompressed parts (headers, levels of version 2) are checked when
 * they are fetched, the rest after decompression; for that, every column gets a codec name of its
 * own. Throws a `RangeError`.
 */
export const checkedGroup = (reading: GroupReading): CheckedGroup => {
  const leaves: Leaf[] = [];
  const compressors: Record<string, (page: Uint8Array, length: number) => Uint8Array> = {};
  const group = {
    ...reading.group,
    columns: reading.group.columns.map((chunk, columnIndex): ColumnChunk => {
      const { meta_data } = chunk;
      if (meta_data === undefined || !reading.columns.includes(meta_data.path_in_schema[0] ?? ''))
        return chunk;
      const leaf = leafOf(meta_data, reading);
      leaves.push(leaf);
      const codec = `${meta_data.codec}#${columnIndex}`;
      compressors[codec] = checkedDecompressor(leaf, reading, meta_data.codec);
      return { ...chunk, meta_data: { ...meta_data, codec: codec as CompressionCodec } };
    }),
  };
  return {
    group,
    compressors: compressors as Compressors,
    file: {
      byteLength: reading.ranges.byteLength,
      slice: (start, end) => {
        const checked = Promise.resolve(reading.ranges.slice(start, end)).then((buffer) => {
          for (const leaf of leaves) checkFetched(new Uint8Array(buffer), start, leaf, reading);
          return buffer;
        });
        // Like the ranges: hyparquet may never await it.
        checked.catch(() => undefined);
        return checked;
      },
    },
  };
};

/** A chunk of a column with values, and the limits of its pages. */
interface Leaf {
  readonly name: string;
  readonly layout: PageLayout;
  readonly isFlat: boolean;
  readonly start: number;
  readonly end: number;
  readonly valueCount: number;
  readonly rowCount: number;
  readonly unpackedBytesMax: number;
}

/**
 * Pages up to this size are never rejected for the footer's size of their chunk, which some writers
 * get wrong.
 */
const UNPACKED_BYTES_MIN = 64 * 1024 * 1024;

/**
 * More values than writers put into a page; as JavaScript arrays they would take hundreds of
 * megabytes.
 */
const PAGE_VALUES_MAX = 2 ** 25;

const leafOf = (
  chunk: NonNullable<ColumnChunk['meta_data']>,
  { group, schema, parts }: GroupReading,
): Leaf => {
  const path = parts.getSchemaPath(schema, chunk.path_in_schema);
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const rowCount = Number(group.num_rows);
  const valueCount = Number(chunk.num_values);
  const name = JSON.stringify(chunk.path_in_schema.join('.'));
  const isFlat = path.length === 2 && path[1]?.element.repetition_type !== 'REPEATED';
  if (isFlat && valueCount > rowCount)
    throw new RangeError(`column ${name} is said to hold ${valueCount} values in ${rowCount} rows`);
  return {
    name,
    layout: {
      type: chunk.type,
      repetitionMax: parts.getMaxRepetitionLevel(path),
      definitionMax: parts.getMaxDefinitionLevel(path),
    },
    isFlat,
    start,
    end: start + Number(chunk.total_compressed_size),
    valueCount,
    rowCount,
    unpackedBytesMax: Math.max(Number(chunk.total_uncompressed_size), UNPACKED_BYTES_MIN),
  };
};

/**
 * Checks a leaf's pages among the bytes that were fetched from `start` on. Such a range begins with
 * the chunk or with one of its pages.
 */
const checkFetched = (
  bytes: Uint8Array,
  start: number,
  leaf: Leaf,
  { rowStart, rowEnd, parts }: GroupReading,
): void => {
  const from = Math.max(leaf.start, start);
  const to = Math.min(leaf.end, start + bytes.length);
  if (from >= to) return;
  // hyparquet reads a flat column without a page index only as far as needed, and skips earlier
  // pages.
  const isWhole = leaf.isFlat && from === leaf.start;
  let seen = 0;
  for (const header of pagesIn(bytes.subarray(0, to - start), from - start, leaf)) {
    const isPassedOver = isWhole && rowStart - seen > header.valueCount;
    if (header.type === PAGE.dataV2 && !isPassedOver) {
      const body = bytes.subarray(header.bodyAt, header.bodyAt + header.packedBytes);
      checkLevelsV2(body, header, leaf.layout);
      const levelBytes = header.repetitionBytes + header.definitionBytes;
      // Uncompressed data does not pass the decompressor.
      if (!header.isPacked || header.unpackedBytes === levelBytes)
        checkBody(body.subarray(levelBytes), header, leaf.layout, parts.deltaBinaryUnpack);
    }
    if (header.type !== PAGE.dictionary) seen += header.valueCount;
    if (isWhole && seen >= rowEnd) return;
  }
};

/** The headers of the pages from `from` to the end of the bytes. */
function* pagesIn(bytes: Uint8Array, from: number, leaf: Leaf): Generator<PageHeader> {
  let seen = 0;
  for (let at = from; at < bytes.length - 1;) {
    const header = readPageHeader(bytes, at);
    const { bodyAt, packedBytes, unpackedBytes, valueCount, type } = header;
    const refused = (what: string): RangeError =>
      new RangeError(`a page of column ${leaf.name} ${what}`);
    if (packedBytes > bytes.length - bodyAt)
      throw refused(
        `is said to be ${packedBytes} bytes long, and ${bytes.length - bodyAt} are left`,
      );
    if (unpackedBytes > leaf.unpackedBytesMax)
      throw refused(
        `is said to unpack to ${unpackedBytes} bytes, and its chunk to ${leaf.unpackedBytesMax}`,
      );
    if (valueCount > PAGE_VALUES_MAX)
      throw refused(`is said to hold ${valueCount} values. At most ${PAGE_VALUES_MAX} are read`);
    if (type !== PAGE.dictionary) seen += valueCount;
    if (seen > leaf.valueCount)
      throw refused(
        `is said to hold ${valueCount} values, more than are left of ${leaf.valueCount}`,
      );
    if (header.nullCount > valueCount)
      throw refused(`is said to hold ${header.nullCount} nulls among ${valueCount} values`);
    if (header.rowCount > leaf.rowCount)
      throw refused(`is said to hold ${header.rowCount} rows of ${leaf.rowCount}`);
    if (header.repetitionBytes + header.definitionBytes > Math.min(packedBytes, unpackedBytes))
      throw refused('is shorter than its levels');
    yield header;
    at = bodyAt + packedBytes;
  }
}

const checkedDecompressor = (
  leaf: Leaf,
  { compressors, parts }: GroupReading,
  codec: CompressionCodec,
): ((page: Uint8Array, length: number) => Uint8Array) => {
  const decompress = compressors[codec] ?? ((page: Uint8Array) => page);
  // hyparquet slices pages out of successive buffers, each of which begins with a header.
  const known = new WeakMap<ArrayBufferLike, ReadonlyMap<number, PageHeader>>();
  const headersOf = (buffer: ArrayBufferLike): ReadonlyMap<number, PageHeader> => {
    const found = known.get(buffer) ?? headersByBody(new Uint8Array(buffer), leaf);
    known.set(buffer, found);
    return found;
  };
  return (page, length) => {
    const header = headersOf(page.buffer).get(page.byteOffset);
    if (header === undefined) throw new RangeError(`a page of column ${leaf.name} has no header`);
    const body = decompress(page, length);
    if (body.length === length) checkBody(body, header, leaf.layout, parts.deltaBinaryUnpack);
    return body;
  };
};

/**
 * Headers by the byte offset of the compressed part of their pages. Headers after a damaged one are
 * missing.
 */
const headersByBody = (bytes: Uint8Array, leaf: Leaf): ReadonlyMap<number, PageHeader> => {
  const headers = new Map<number, PageHeader>();
  try {
    for (const header of pagesIn(bytes, 0, leaf))
      headers.set(header.bodyAt + header.repetitionBytes + header.definitionBytes, header);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return headers;
};
