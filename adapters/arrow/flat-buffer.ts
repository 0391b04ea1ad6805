/** A table of a flatbuffer. Reading what lies outside of the bytes throws a `RangeError`: such bytes are damaged. */
export interface FlatTable {
  readonly view: DataView;
  /** Where it begins in the view. */
  readonly at: number;
}

/** The table that a flatbuffer holds. */
export const rootTable = (bytes: Uint8Array): FlatTable => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { view, at: view.getUint32(0, true) };
};

/** Where a field of the table lies; null where it is left out, and so has its default. */
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

/** A 64 bit count. Throws a `RangeError` for one that is negative or not exact. */
export const countField = (table: FlatTable, field: number): number => {
  const at = fieldAt(table, field);
  return at === null ? 0 : countAt(table.view, at);
};

export const countAt = (view: DataView, at: number): number => {
  const count = Number(view.getBigInt64(at, true));
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new RangeError(`${count} is no count`);
};

export const tableField = (table: FlatTable, field: number): FlatTable | null => {
  const at = fieldAt(table, field);
  return at === null ? null : { view: table.view, at: at + table.view.getUint32(at, true) };
};

/** Where each struct of a vector begins. Throws a `RangeError` for a vector that does not end within the bytes. */
export const structsField = (table: FlatTable, field: number, structBytes: number): readonly number[] => {
  const at = fieldAt(table, field);
  if (at === null) return [];
  const { view } = table;
  const vector = at + view.getUint32(at, true);
  const length = view.getUint32(vector, true);
  if (vector + 4 + length * structBytes > view.byteLength) throw new RangeError(`a vector of ${length} ends behind its buffer`);
  return Array.from({ length }, (_, index) => vector + 4 + index * structBytes);
};

/** The tables of a vector. */
export const tablesField = (table: FlatTable, field: number): readonly FlatTable[] =>
  structsField(table, field, 4).map((at) => ({ view: table.view, at: at + table.view.getUint32(at, true) }));
