import type { RecordBatch, RecordBatchFileWriter, Schema } from 'apache-arrow';
import type { TableFormat, TableStream } from '../../lib/ports/table.ts';
import { createSpanCutter } from './batch-bounds.ts';
import type { Arrow } from './cell.ts';
import { arrowTypeOf, createColumnBuilder } from './column-builder.ts';
import { createChunks } from './chunks.ts';

/** Options for writing an Arrow file. */
export interface ArrowFormatOptions {
  /** The most rows of a record batch; fewer where their texts are large (default 65,536). */
  readonly batchRowsMax?: number;
}

const BATCH_ROWS_MAX = 65_536;
/** Memory for a whole batch is allocated at its first row. */
const BATCH_ROWS_LIMIT = 1_048_576;
/** Counted as three bytes a character, so ASCII texts fill a third of it. */
const BATCH_BYTES_MAX = 96 * 1024 * 1024;

/**
 * Writes Arrow's file format, uncompressed (the same as Feather version 2): texts and JSON as Utf8,
 * whole numbers as Int64, numbers as Float64, booleans as Bool, every column nullable. Holds one
 * batch in memory. A lone surrogate becomes U+FFFD. Encoding rejects with a `TypeError` for a cell
 * that is not of its column's type. Throws a `RangeError` for an invalid `batchRowsMax`.
 */
export const arrowFormat = (options: ArrowFormatOptions = {}): TableFormat => {
  const { batchRowsMax = BATCH_ROWS_MAX } = options;
  if (!Number.isSafeInteger(batchRowsMax) || batchRowsMax < 1 || batchRowsMax > BATCH_ROWS_LIMIT) {
    throw new RangeError(
      `batchRowsMax is ${batchRowsMax}; it must be a whole number from 1 to ${BATCH_ROWS_LIMIT}`,
    );
  }
  return tunedArrowFormat(batchRowsMax, BATCH_BYTES_MAX);
};

/** `arrowFormat` with a limit on the text bytes of a batch: for specs. */
export const tunedArrowFormat = (rowsMax: number, bytesMax: number): TableFormat => ({
  name: 'arrow',
  extensions: ['.arrow', '.feather'],
  isText: false,
  encode: (table) => encode(table, rowsMax, bytesMax),
});

async function* encode(
  { columns, pages }: TableStream,
  rowsMax: number,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  const arrow = await import('apache-arrow');
  const schema = new arrow.Schema(
    columns.map((column) => new arrow.Field(column.name, arrowTypeOf(arrow, column), true)),
  );
  const builders = columns.map((column) => createColumnBuilder(arrow, column, rowsMax));
  const cut = createSpanCutter(columns, { rowsMax, bytesMax });
  const chunks = createChunks();
  const writer = createWriter(arrow);
  writer.reset(chunks.sinkFor(arrow), schema);
  let rows = 0;
  const batchOf = (): RecordBatch => {
    const children = builders.map((builder) => builder.finish());
    const struct = arrow.makeData({
      type: new arrow.Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children,
    });
    rows = 0;
    return new arrow.RecordBatch(schema, struct);
  };
  for await (const page of pages) {
    for (const { begin, end, isFull } of cut(page)) {
      for (const [index, builder] of builders.entries())
        builder.append(page.columns[index] ?? [], begin, end);
      rows += end - begin;
      if (!isFull) continue;
      writer.write(batchOf());
      yield* chunks.take();
    }
  }
  if (rows > 0) writer.write(batchOf());
  writer.finish();
  yield* chunks.take();
}

/**
 * The package's writer omits the schema after the magic, but readers that treat a file as a stream
 * need it.
 */
const createWriter = (arrow: Arrow): RecordBatchFileWriter => {
  class Writer extends arrow.RecordBatchFileWriter {
    protected override _writeSchema(schema: Schema): this {
      super._writeSchema(schema);
      return this._writeMessage(arrow.Message.from(schema));
    }
  }
  return new Writer();
};
