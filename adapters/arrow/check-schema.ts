import { byteField, structsField, tableField, tablesField } from './flat-buffer.ts';
import type { FlatTable } from './flat-buffer.ts';

/** The least bytes of a schema field: its vtable, its offset to that, and its entry in a vector. */
const FIELD_BYTES_MIN = 12;

/**
 * Throws a `RangeError` for a schema whose vectors extend beyond its bytes, or that has more fields
 * than can fit (fields may refer to each other in cycles). The package's reader would create
 * billions of fields.
 */
export const checkSchema = (schema: FlatTable): void => {
  let fieldsLeft = Math.floor(schema.view.byteLength / FIELD_BYTES_MIN);
  const checkField = (field: FlatTable): void => {
    fieldsLeft -= 1;
    if (fieldsLeft < 0) throw new RangeError('a schema has more fields than fit into its bytes');
    tablesField(field, 6);
    const type = tableField(field, 3);
    // The one type with a vector: a union, of the ids of its children.
    if (type !== null && isUnion(field)) structsField(type, 1, 4);
    for (const child of tablesField(field, 5)) checkField(child);
  };
  tablesField(schema, 2);
  structsField(schema, 3, 8);
  for (const field of tablesField(schema, 1)) checkField(field);
};

const UNION = 14;

const isUnion = (field: FlatTable): boolean => byteField(field, 2) === UNION;
