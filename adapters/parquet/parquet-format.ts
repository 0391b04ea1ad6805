import type { TableFormat } from '../../lib/ports/table.ts';
import { emptyRowGroup, fileSchema, finalSchema } from './file-schema.ts';
import { gatherGroups } from './gather-groups.ts';
import type { GroupTuning } from './gather-groups.ts';

/** Options for writing Parquet files. */
export interface ParquetFormatOptions {
  /** Default `snappy`. */
  readonly compression?: 'snappy' | 'uncompressed';
  /** The most rows of a row group (default 10,000). */
  readonly rowGroupRowsMax?: number;
}

/**
 * A row group's cells, levels, bytes and compressed form are in memory together. Five times as many
 * rows take nearly 300 MB more, and make a file of results 1 % smaller.
 */
const GROUP_CHARS_MAX = 4 * 1024 * 1024;
const GROUP_ROWS_MAX = 10_000;

/**
 * Writes tables as Parquet: every column nullable; text as UTF8, `integer` as INT64, `number` as
 * DOUBLE, BOOLEAN, and `json` as JSON, byte for byte as in the cell. A lone surrogate becomes
 * U+FFFD. Holds one row group in memory: at most `rowGroupRowsMax` rows, fewer where their texts
 * are long. Encoding rejects with the error of the pages, and with a `TypeError` that names column
 * and row for a cell that is not of its column's type. Throws a `RangeError` for an invalid option.
 */
export const parquetFormat = (options: ParquetFormatOptions = {}): TableFormat => {
  const rowsMax = options.rowGroupRowsMax ?? GROUP_ROWS_MAX;
  if (!Number.isSafeInteger(rowsMax) || rowsMax < 1) {
    throw new RangeError(`rowGroupRowsMax is ${rowsMax}; it must be a whole number above 0`);
  }
  return tunedParquetFormat(
    { rowsMax, charsMax: GROUP_CHARS_MAX },
    options.compression ?? 'snappy',
  );
};

/** `parquetFormat` with row groups of any size: for specs, where one must end within a page. */
export const tunedParquetFormat = (
  tuning: GroupTuning,
  compression: 'snappy' | 'uncompressed',
): TableFormat => ({
  name: 'parquet',
  extensions: ['.parquet'],
  isText: false,
  encode: async function* ({ columns, pages }) {
    const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
    const bytes = new ByteWriter();
    const codec = compression === 'snappy' ? 'SNAPPY' : 'UNCOMPRESSED';
    const writer = new ParquetWriter({
      writer: bytes,
      schema: fileSchema(columns),
      codec,
      createdBy: 'batchor',
    });
    /** The bytes written since the last call; a copy, since the writer reuses its memory. */
    const taken = (): Uint8Array => {
      const written = bytes.getBytes().slice();
      bytes.index = 0;
      return written;
    };
    for await (const { rowCount, cells } of gatherGroups(columns, pages, tuning)) {
      const columnData = columns.map(({ name }, at) => ({ name, data: cells[at] ?? [] }));
      await writer.write({ columnData, rowGroupSize: rowCount });
      yield taken();
    }
    // Readers reject the empty list of row groups that hyparquet-writer makes.
    if (writer.row_groups.length === 0) writer.row_groups.push(emptyRowGroup(columns, codec));
    writer.schema = finalSchema(columns);
    await writer.finish();
    yield taken();
  },
});
