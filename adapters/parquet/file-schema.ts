import type { ParquetWriter, SchemaElement } from 'hyparquet-writer';
import type { TableColumn, TableColumnType } from '../../lib/ports/table.ts';

const TYPES: Readonly<Record<TableColumnType, Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
};

/** The schema as the file names it. */
export const finalSchema = (columns: readonly TableColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(({ name, type }): SchemaElement => ({ ...TYPES[type], name, repetition_type: 'OPTIONAL' })),
];

/**
 * The schema by which values are written. It leaves texts and JSON unnamed: named, hyparquet-writer would make bytes of a whole column's texts
 * before it writes one; and JSON it would quote once more, and not keep the numbers of what was parsed and written anew.
 */
export const fileSchema = (columns: readonly TableColumn[]): SchemaElement[] =>
  finalSchema(columns).map((element) => {
    if (element.type !== 'BYTE_ARRAY') return element;
    const { converted_type: _converted, logical_type: _logical, ...bare } = element;
    return bare;
  });

type RowGroup = ParquetWriter['row_groups'][number];

/** The row group of a table without rows: of every column no page, behind the magic number. */
export const emptyRowGroup = (columns: readonly TableColumn[], codec: 'SNAPPY' | 'UNCOMPRESSED'): RowGroup => ({
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
