import type { ParquetWriter, SchemaElement } from 'hyparquet-writer';
import type { TableColumn, TableColumnType } from '../../lib/ports/table.ts';

const TYPES: Readonly<Record<TableColumnType, Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
};

/** The schema in the file. */
export const finalSchema = (columns: readonly TableColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(({ name, type }): SchemaElement => ({
    ...TYPES[type],
    name,
    repetition_type: 'OPTIONAL',
  })),
];

/**
 * The schema for encoding values. Texts and JSON have no annotation here. With one,
 * hyparquet-writer would convert all texts of a column before it writes any, and it would serialise
 * JSON again, which changes numbers.
 */
export const fileSchema = (columns: readonly TableColumn[]): SchemaElement[] =>
  finalSchema(columns).map((element) => {
    if (element.type !== 'BYTE_ARRAY') return element;
    const { converted_type: _converted, logical_type: _logical, ...bare } = element;
    return bare;
  });

type RowGroup = ParquetWriter['row_groups'][number];

/** The row group of a table without rows: no page for any column. */
export const emptyRowGroup = (
  columns: readonly TableColumn[],
  codec: 'SNAPPY' | 'UNCOMPRESSED',
): RowGroup => ({
  columns: columns.map(({ name, type }) => ({
    file_offset: 4n,
    meta_data: {
      type: TYPES[type].type ?? 'BYTE_ARRAY',
      encodings: ['PLAIN'],
      path_in_schema: [name],
      codec,
      num_values: 0n,
      total_uncompressed_size: 0n,
      total_compressed_size: 0n,
      data_page_offset: 4n,
    },
  })),
  total_byte_size: 0n,
  num_rows: 0n,
  total_compressed_size: 0n,
});
