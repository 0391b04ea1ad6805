import type { AsyncBuffer, ColumnChunk, FileMetaData, RowGroup } from 'hyparquet';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';
import { messageOf } from '../files/row-mapping.ts';
import { CELL_PARSERS } from './cell-values.ts';
import { type DecimalReading, decimalWriter, type WriteDecimals } from './decimal-texts.ts';
import { plainSchema, withoutDecimals } from './plain-schema.ts';

/** The footer of a Parquet file. */
export interface ParquetFooter {
  readonly metadata: FileMetaData;
  /** The names of the top-level columns, all different, in the file's order. */
  readonly columns: readonly string[];
  /** Names of columns that are neither nested nor repeated. */
  readonly flatColumns: ReadonlySet<string>;
  /** Functions that write the decimals of a column as digits, by column name. */
  readonly decimalWriters: ReadonlyMap<string, WriteDecimals>;
  readonly rowGroups: readonly LocatedRowGroup[];
  readonly rowCount: number;
}

export interface LocatedRowGroup {
  readonly group: RowGroup;
  /** 0-based index in the file of its first row. */
  readonly firstRow: number;
  readonly rowCount: number;
}

/** Magic number, length of the footer, magic number. */
const FILE_BYTES_MIN = 12;

/**
 * Reads and checks the footer. Throws `SourceError` for a file that is not Parquet, is truncated or
 * encrypted, or has an invalid footer.
 */
export const readFooter = async (
  file: OpenFile,
  ranges: AsyncBuffer,
  decimals: DecimalReading,
): Promise<ParquetFooter> => {
  const ref = file.path;
  await checkMagic(file, ranges);
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
  try {
    const read = await parquetMetadataAsync(ranges, { parsers: CELL_PARSERS, geoparquet: false });
    const annotated = { ...read, schema: plainSchema(read.schema) };
    const { children } = parquetSchema(annotated);
    const writers =
      decimals === 'number'
        ? []
        : children.map((column) => [column.element.name, decimalWriter(column)] as const);
    const metadata =
      decimals === 'number'
        ? annotated
        : { ...annotated, schema: withoutDecimals(annotated.schema) };
    const flat = children.filter(
      ({ children: inner, element }) =>
        inner.length === 0 && element.repetition_type !== 'REPEATED',
    );
    const rowGroups = locateRowGroups(metadata.row_groups);
    return {
      metadata,
      columns: children.map(({ element }) => element.name),
      flatColumns: new Set(flat.map(({ element }) => element.name)),
      decimalWriters: new Map(
        writers.flatMap(([name, write]) => (write === null ? [] : [[name, write] as const])),
      ),
      rowGroups,
      rowCount: rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0),
    };
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(
      `its footer cannot be read: ${messageOf(cause)}. The file is damaged: write or copy it again`,
      { ref, cause },
    );
  }
};

const checkMagic = async (file: OpenFile, ranges: AsyncBuffer): Promise<void> => {
  const ref = file.path;
  const { sizeBytes } = file;
  if (sizeBytes === 0)
    throw new SourceError('is empty. Add rows to it, or remove it from the job', { ref });
  const head = await magicAt(ranges, 0);
  const tail = await magicAt(ranges, Math.max(0, sizeBytes - 4));
  if (head === 'PARE' || tail === 'PARE')
    throw new SourceError('is encrypted. Decrypt it first: keys are not taken', { ref });
  if (head === 'ARRO')
    throw new SourceError(
      'holds an Arrow file, not a Parquet file. Read it as Arrow: name it .arrow, or say so',
      { ref },
    );
  if (head !== 'PAR1')
    throw new SourceError('is not a Parquet file: it does not begin with "PAR1"', { ref });
  if (tail !== 'PAR1' || sizeBytes < FILE_BYTES_MIN) {
    throw new SourceError(
      'is cut off: it does not end with "PAR1", as a whole Parquet file does. Write or copy it again',
      { ref },
    );
  }
};

const magicAt = async (ranges: AsyncBuffer, start: number): Promise<string> =>
  Buffer.from(await ranges.slice(start, Math.min(start + 4, ranges.byteLength))).toString('latin1');

const locateRowGroups = (groups: readonly RowGroup[]): readonly LocatedRowGroup[] => {
  let firstRow = 0;
  return groups.map((group, index) => {
    const rowCount = Number(group.num_rows);
    if (!Number.isSafeInteger(rowCount) || rowCount < 0)
      throw new RangeError(`row group ${index} has ${group.num_rows} rows`);
    for (const { meta_data } of group.columns as readonly Partial<ColumnChunk>[]) {
      const path: unknown = meta_data?.path_in_schema;
      if (meta_data !== undefined && !Array.isArray(path))
        throw new RangeError(`row group ${index} does not name its columns`);
    }
    const located = { group, firstRow, rowCount };
    firstRow += rowCount;
    return located;
  });
};
