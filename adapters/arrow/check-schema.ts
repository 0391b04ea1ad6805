import { byteField, structsField, tableField, tablesField } from './flat-buffer.ts';
import type { FlatTable } from './flat-buffer.ts';

/** A field of a schema takes at least so many bytes: its vtable, its offset to that, and its place in a vector. */
const FIELD_BYTES_MIN = 12;

/**
 * Throws a `RangeError` for a schema whose vectors do not end within the bytes, or which has more fields than there is room for (they can
 * refer to each other in circles). The package's reader would make fields by the billion of it.
 */
export const checkSchema = (schema: FlatTable): void => {
  let room = Math.floor(schema.view.byteLength / FIELD_BYTES_MIN);
  const checkField = (field: FlatTable): void => {
    room -= 1;
    if (room < 0) throw new RangeError('a schema has more fields than room for them');
    tablesField(field, 6);
    const type = tableField(field, 3);
    // The one type that has a vector: a union, of the ids of its children.
    if (type !== null && isUnion(field)) structsField(type, 1, 4);
    for (const child of tablesField(field, 5)) checkField(child);
  };
  tablesField(schema, 2);
  structsField(schema, 3, 8);
  for (const field of tablesField(schema, 1)) checkField(field);
};

const UNION = 14;

const isUnion = (field: FlatTable): boolean => byteField(field, 2) === UNION;
