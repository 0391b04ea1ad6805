import * as arrow from 'apache-arrow';
import {
  Compression,
  readParquet,
  Table,
  WriterPropertiesBuilder,
  WriterVersion,
  writeParquet,
} from 'parquet-wasm';

/** How the independent writer makes a file. */
export interface WrittenParquet {
  readonly codec?: keyof typeof Compression;
  readonly rowGroupRows?: number;
  /** Rows are given to the encoder in batches of so many, so that small pages can be asked for. */
  readonly pageRows?: number;
  readonly dictionary?: boolean;
  readonly version?: 1 | 2;
}

export type ArrowColumns = Readonly<Record<string, arrow.Vector>>;

/**
 * The bytes of a Parquet file with these columns, by a writer that shares no code with the adapter.
 */
export const parquetBytes = (columns: ArrowColumns, written: WrittenParquet = {}): Uint8Array => {
  const {
    codec = 'SNAPPY',
    rowGroupRows = 1_000_000,
    pageRows,
    dictionary = true,
    version = 1,
  } = written;
  let properties = new WriterPropertiesBuilder()
    .setCompression(Compression[codec])
    .setMaxRowGroupSize(rowGroupRows)
    .setDictionaryEnabled(dictionary)
    .setWriterVersion(version === 1 ? WriterVersion.V1 : WriterVersion.V2);
  if (pageRows !== undefined)
    properties = properties.setWriteBatchSize(pageRows).setDataPageSizeLimit(1);
  return writeParquet(
    Table.fromIPCStream(arrow.tableToIPC(new arrow.Table(columns), 'stream')),
    properties.build(),
  );
};

/**
 * What the independent reader finds in a file: rows as plain objects, and the types of the columns.
 */
export const readIndependently = (
  bytes: Uint8Array,
): {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly types: readonly string[];
} => {
  const table = arrow.tableFromIPC(readParquet(bytes).intoIPCStream());
  return {
    rows: table
      .toArray()
      .map((row: arrow.StructRow) => row.toJSON() as Readonly<Record<string, unknown>>),
    types: table.schema.fields.map(({ type }) => String(type)),
  };
};

export const texts = (values: readonly (string | null)[]): arrow.Vector =>
  arrow.vectorFromArray(values, new arrow.Utf8());
