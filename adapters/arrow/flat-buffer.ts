/**
 * A table of a flatbuffer. Reading outside of its bytes throws a `RangeError`, since such bytes are
 * damaged.
 */
export interface FlatTable {
  readonly view: DataView;
  /** Its byte offset in the view. */
  readonly at: number;
}

/** The root table of a flatbuffer. */
export const rootTable = (bytes: Uint8Array): FlatTable => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { view, at: view.getUint32(0, true) };
};

/** The byte offset of a field of the table; null: it is absent and has its default. */
const fieldAt = ({ view, at }: FlatTable, field: number): number | null => {
  const fields = at - view.getInt32(at, true);
  const entry = 4 + 2 * field;
  const offset = entry < view.getUint16(fields, true) ? view.getUint16(fields + entry, true) : 0;
  return offset === 0 ? null : at + offset;
};

export const byteField = (table: FlatTable, field: number): number => {
  const at = fieldAt(table, field);
  return at === null ? 0 : table.view.getUint8(at);
};

export const shortField = (table: FlatTable, field: number): number => {
  const at = fieldAt(table, field);
  return at === null ? 0 : table.view.getInt16(at, true);
};

/** A 64-bit count. Throws a `RangeError` for one that is negative or not exact. */
export const countField = (table: FlatTable, field: number): number => {
  const at = fieldAt(table, field);
  return at === null ? 0 : countAt(table.view, at);
};

export const countAt = (view: DataView, at: number): number => {
  const count = Number(view.getBigInt64(at, true));
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(`${count} is not a valid count`);
};

export const tableField = (table: FlatTable, field: number): FlatTable | null => {
  const at = fieldAt(table, field);
  return at === null ? null : { view: table.view, at: at + table.view.getUint32(at, true) };
};

/**
 * The byte offset of each struct of a vector. Throws a `RangeError` for a vector that extends
 * beyond the bytes.
 */
export const structsField = (
  table: FlatTable,
  field: number,
  structBytes: number,
): readonly number[] => {
  const at = fieldAt(table, field);
  if (at === null) return [];
  const { view } = table;
  const vector = at + view.getUint32(at, true);
  const length = view.getUint32(vector, true);
  if (vector + 4 + length * structBytes > view.byteLength)
    throw new RangeError(`a vector of ${length} extends beyond its buffer`);
  return Array.from({ length }, (_, index) => vector + 4 + index * structBytes);
};

/** The tables of a vector. */
export const tablesField = (table: FlatTable, field: number): readonly FlatTable[] =>
  structsField(table, field, 4).map((at) => ({
    view: table.view,
    at: at + table.view.getUint32(at, true),
  }));
