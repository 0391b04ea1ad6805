import type { Column } from '../model/command.ts';

/** What makes a column a column, for commands, events and rules alike. */

const isWholeArray = (column: unknown): boolean =>
  column instanceof Uint8Array || column instanceof Uint16Array || column instanceof Uint32Array;
const isNumberArray = (column: unknown): boolean =>
  isWholeArray(column) ||
  column instanceof Float64Array ||
  column instanceof Float32Array ||
  column instanceof Int8Array ||
  column instanceof Int16Array ||
  column instanceof Int32Array ||
  column instanceof Uint8ClampedArray;

/**
 * True for a length and as many numbers. What `JSON.stringify` makes of a typed array has no
 * length: it is no column, not an empty one. O(1) for a typed array, O(n) else.
 */
export const isColumn = (u: unknown): u is Column => {
  if (isNumberArray(u)) return true;
  if (typeof u !== 'object' || u === null) return false;
  const { length } = u as ArrayLike<unknown>;
  if (!Number.isInteger(length) || length < 0) return false;
  for (let i = 0; i < length; i += 1)
    if (typeof (u as ArrayLike<unknown>)[i] !== 'number') return false;
  return true;
};

/**
 * True where every entry is an integer of at least `min` and below `end`. O(n); O(1) where the
 * array's kind says so.
 */
export const isWithin = (column: Column, min: number, end = Infinity): boolean => {
  if (min <= 0 && end === Infinity && isWholeArray(column)) return true;
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i] as number;
    if (!Number.isInteger(value) || value < min || value >= end) return false;
  }
  return true;
};

/** True where every entry is finite and not negative: a measure, which may be a fraction. */
export const isMeasure = (column: Column): boolean => {
  if (isWholeArray(column)) return true;
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i] as number;
    if (!(value >= 0 && value < Infinity)) return false;
  }
  return true;
};

/** True where each entry is larger than the one before. O(n). */
export const isAscending = (column: Column): boolean => {
  for (let i = 1; i < column.length; i += 1)
    if (!((column[i] as number) > (column[i - 1] as number))) return false;
  return true;
};

/** True where no entry comes twice. O(n). */
export const isDistinct = (column: Column): boolean =>
  isAscending(column) || new Set(Array.from(column)).size === column.length;
