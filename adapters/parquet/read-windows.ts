import type { AsyncBuffer, DecodedArray, ParquetScan } from 'hyparquet';
import { SourceError } from '../../lib/ports/source-error.ts';
import { CELL_PARSERS } from './cell-values.ts';
import { checkedGroup } from './checked-pages.ts';
import { loadDecompressors } from './decompressors.ts';
import { messageOf } from '../files/row-mapping.ts';
import type { ParquetFooter, LocatedRowGroup } from './read-footer.ts';

/** A window of rows of one row group, decoded, column by column in the requested order. */
export interface DecodedWindow {
  /** 0-based index in the file. */
  readonly firstRow: number;
  readonly rowCount: number;
  readonly columns: readonly DecodedArray[];
}

/** How much is decoded at once. */
export interface WindowTuning {
  /** Uncompressed bytes of the columns that are read; a single page may be larger. */
  readonly windowBytesMax: number;
  readonly windowRowsMax: number;
}

/** Input of `readWindows`. */
export interface WindowReading extends WindowTuning {
  readonly ref: string;
  readonly ranges: AsyncBuffer;
  readonly footer: ParquetFooter;
  readonly columns: readonly string[];
  /** 0-based index of the first row to read. */
  readonly from: number;
  readonly signal: AbortSignal;
}

/**
 * The rows from `from` on, decoded a window at a time; earlier row groups are not read. Throws
 * `SourceError` for a row group that cannot be decoded, and the signal's reason once aborted.
 */
export async function* readWindows(reading: WindowReading): AsyncGenerator<DecodedWindow> {
  const { footer, columns, from, ref, ranges, signal } = reading;
  const [{ parquetScan }, deltas, schemas, compressors] = await Promise.all([
    import('hyparquet'),
    import('hyparquet/src/delta.js'),
    import('hyparquet/src/schema.js'),
    loadDecompressors(),
  ]);
  const parts = { ...deltas, ...schemas };
  for (const [index, located] of footer.rowGroups.entries()) {
    const end = located.firstRow + located.rowCount;
    const windowRows = rowsPerWindow(located, reading);
    for (let start = Math.max(from, located.firstRow); start < end; start += windowRows) {
      const rowCount = Math.min(windowRows, end - start);
      // A scan keeps what it decoded, so each window gets its own, and memory holds one window.
      const decode = async (): Promise<readonly DecodedArray[]> => {
        const rows = {
          rowStart: start - located.firstRow,
          rowEnd: start - located.firstRow + rowCount,
        };
        const { schema } = footer.metadata;
        const { file, group, ...checked } = checkedGroup({
          group: located.group,
          schema,
          columns,
          ranges,
          compressors,
          parts,
          ...rows,
        });
        const metadata = { ...footer.metadata, row_groups: [group] };
        const scan = await parquetScan({
          file,
          metadata,
          columns: [...columns],
          ...checked,
          parsers: CELL_PARSERS,
          utf8: false,
        });
        return decodeColumns(scan, reading, rows);
      };
      const decoded = await decode().catch((cause: unknown) => {
        signal.throwIfAborted();
        if (cause instanceof SourceError) throw cause;
        const what = `row group ${index} (row indexes ${located.firstRow} to ${end - 1}) cannot be decoded: ${messageOf(cause)}`;
        throw new SourceError(`${what}. The file is damaged there: write or copy it again`, {
          ref,
          cause,
        });
      });
      yield { firstRow: start, rowCount, columns: decoded };
      signal.throwIfAborted();
    }
  }
}

const decodeColumns = async (
  scan: ParquetScan,
  { columns, footer }: WindowReading,
  rows: { readonly rowStart: number; readonly rowEnd: number },
): Promise<readonly DecodedArray[]> => {
  const decoded: DecodedArray[] = [];
  // One after the other, so that only one column's compressed bytes are in memory.
  for (const column of columns) {
    const cells = await scan.readColumn({ column, ...rows });
    const wanted = rows.rowEnd - rows.rowStart;
    if (cells.length !== wanted)
      throw new RangeError(
        `column ${JSON.stringify(column)} holds ${cells.length} of ${wanted} rows`,
      );
    // Nulls are null; undefined marks an index that the dictionary does not have.
    if (footer.flatColumns.has(column) && Array.isArray(cells) && cells.includes(undefined)) {
      throw new RangeError(
        `column ${JSON.stringify(column)} refers to values that its dictionary does not have`,
      );
    }
    const write = footer.decimalWriters.get(column);
    decoded.push(write === undefined ? cells : Array.from(cells, write));
  }
  return decoded;
};

/**
 * Rows of a window for which decoding costs little more than for the whole group: only the
 * dictionary and the pages at both ends are decoded again. Nested columns without an offset index
 * must be decoded from the row group's first row on.
 */
const rowsPerWindow = (
  located: LocatedRowGroup,
  { columns, footer, windowBytesMax, windowRowsMax }: WindowReading,
): number => {
  const chunks = located.group.columns.filter(({ meta_data }) =>
    columns.includes(meta_data?.path_in_schema[0] ?? ''),
  );
  const isWholeGroup = chunks.some(
    ({ meta_data, offset_index_offset }) =>
      offset_index_offset === undefined &&
      !footer.flatColumns.has(meta_data?.path_in_schema[0] ?? ''),
  );
  if (isWholeGroup) return Math.max(1, located.rowCount);
  const bytes = chunks.reduce(
    (sum, { meta_data }) => sum + Math.max(0, Number(meta_data?.total_uncompressed_size ?? 0)),
    0,
  );
  const rowBytes = bytes / Math.max(1, located.rowCount);
  return Math.max(1, Math.min(windowRowsMax, Math.floor(windowBytesMax / Math.max(rowBytes, 1))));
};
