import type { SchemaElement } from 'hyparquet-writer';
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
 * The schema by which values are written. It leaves `json` unnamed: hyparquet-writer would parse no text there but quote it once more,
 * and a text that was parsed and written anew would not keep its numbers.
 */
export const fileSchema = (columns: readonly TableColumn[]): SchemaElement[] =>
  finalSchema(columns).map((element) => {
    if (element.converted_type !== 'JSON') return element;
    const { converted_type: _converted, logical_type: _logical, ...bare } = element;
    return bare;
  });
