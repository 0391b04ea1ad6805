import type { Data } from 'apache-arrow';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { need } from './cell.ts';
import type { Arrow, ReadCell } from './cell.ts';
import { readBinary, readText } from './read-bytes.ts';
import { readList, readMap, readStruct } from './read-nested.ts';
import { readBool, readDecimal, readFloat, readInteger, readInterval } from './read-numbers.ts';
import { readDate, readTime, readTimestamp } from './read-times.ts';

/**
 * Converts the values of a column to JSON. Decimals, and whole numbers that would be rounded,
 * become decimal strings; times ISO 8601; bytes base64; dictionaries their values; NaN and the
 * infinities null. Throws a `RangeError` for a column that is shorter than stated, and for an
 * unsupported type.
 */
export const createCellReader = (arrow: Arrow, data: Data): ReadCell => {
  const read = readerOf(arrow, data);
  if (data.nullCount === 0 || arrow.DataType.isUnion(data.type)) return read;
  const { nullBitmap } = data;
  if (nullBitmap === null || nullBitmap === undefined) return read;
  need(nullBitmap.length * 8, data.length);
  return (row) => (((nullBitmap[row >> 3] ?? 0) >> (row & 7)) & 1 ? read(row) : null);
};

const readerOf = (arrow: Arrow, data: Data): ReadCell => {
  const { DataType } = arrow;
  const { type } = data;
  const nested = (child: Data): ReadCell => createCellReader(arrow, child);
  if (DataType.isNull(type)) return () => null;
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type))
    return readText(arrow, data);
  if (DataType.isInt(type) || DataType.isDuration(type)) return readInteger(data);
  if (DataType.isFloat(type)) return readFloat(arrow, data);
  if (DataType.isBool(type)) return readBool(data);
  if (DataType.isDictionary(type)) return readDictionary(arrow, data);
  if (DataType.isTimestamp(type)) return readTimestamp(data, type);
  if (DataType.isDate(type)) return readDate(data, type);
  if (DataType.isTime(type)) return readTime(data, type);
  if (DataType.isDecimal(type)) return readDecimal(data, type);
  if (DataType.isInterval(type)) return readInterval(data);
  if (DataType.isList(type) || DataType.isLargeList(type)) return readList(data, nested);
  if (DataType.isFixedSizeList(type)) return readList(data, nested, type.listSize);
  if (DataType.isStruct(type)) return readStruct(data, nested);
  if (DataType.isMap(type)) return readMap(data, nested);
  if (DataType.isUnion(type)) return readUnion(arrow, data);
  return readBinary(arrow, data);
};

/**
 * A dictionary's values are converted once each, on first use: there are far fewer of them than
 * rows.
 */
const readDictionary = (arrow: Arrow, data: Data): ReadCell => {
  const { dictionary } = data;
  const keys = data.values as ArrayLike<number | bigint>;
  need(keys.length, data.length);
  if (dictionary === undefined || (dictionary.length === 0 && data.nullCount < data.length))
    throw new RangeError('its dictionary is missing');
  const parts = dictionary.data.map((part) => ({
    length: part.length,
    read: createCellReader(arrow, part),
  }));
  const made: JsonValue[] = [];
  const make = (key: number): JsonValue => {
    let at = key;
    for (const { length, read } of parts) {
      if (at >= 0 && at < length) return read(at);
      at -= length;
    }
    throw new RangeError(`refers to value ${key} of a dictionary of ${dictionary.length}`);
  };
  return (row) => {
    const key = Number(keys[row]);
    return (made[key] ??= make(key));
  };
};

const readUnion = (arrow: Arrow, data: Data): ReadCell => {
  const { DataType } = arrow;
  const { type } = data;
  if (!DataType.isUnion(type)) throw new RangeError('no union');
  const readers = data.children.map((child) => ({
    length: child.length,
    read: createCellReader(arrow, child),
  }));
  const typeIds = data.typeIds as ArrayLike<number>;
  const offsets = DataType.isDenseUnion(type) ? (data.valueOffsets as ArrayLike<number>) : null;
  need(typeIds.length, data.length);
  return (row) => {
    const child = readers[type.typeIdToChildIndex[typeIds[row] ?? -1] ?? -1];
    const at = offsets === null ? row : (offsets[row] ?? -1);
    if (child === undefined || at < 0 || at >= child.length)
      throw new RangeError('refers to a value that is not in its union');
    return child.read(at);
  };
};
