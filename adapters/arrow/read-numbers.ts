import type { Data, Decimal } from 'apache-arrow';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { need } from './cell.ts';
import type { Arrow, ReadCell } from './cell.ts';

const TWO_32 = 2 ** 32;

/** Whole numbers of any width: a number where it is exact, else its decimal digits. */
export const readInteger = (data: Data): ReadCell => {
  const values = data.values as ArrayLike<number> | BigInt64Array | BigUint64Array;
  need(values.length, data.length);
  if (!(values instanceof BigInt64Array) && !(values instanceof BigUint64Array))
    return (row) => values[row] ?? null;
  // In halves, since a bigint per cell costs more than the rest of the row.
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const isSigned = values instanceof BigInt64Array;
  return (row) => {
    const high = halves[2 * row + 1] ?? 0;
    const number = (isSigned ? high | 0 : high) * TWO_32 + (halves[2 * row] ?? 0);
    return Number.isSafeInteger(number) ? number : String(values[row]);
  };
};

/** A whole number as JSON. */
export const wholeNumber = (value: bigint): JsonValue =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

/** Null for NaN, which data frames use for missing numbers, and for the infinities. */
export const readFloat = (arrow: Arrow, data: Data): ReadCell => {
  const values = data.values as Float64Array | Float32Array | Uint16Array;
  need(values.length, data.length);
  if (values instanceof Uint16Array) {
    const vector = new arrow.Vector([data]);
    return (row) => finite(vector.get(row));
  }
  return (row) => finite(values[row]);
};

const finite = (value: unknown): number | null => (Number.isFinite(value) ? Number(value) : null);

export const readBool = (data: Data): ReadCell => {
  const bits = data.values as Uint8Array;
  need(bits.length * 8, data.length);
  return (row) => (((bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
};

/** More digits than any decimal has; a damaged scale must not create endless zeros. */
const SCALE_MAX = 1_000;

export const readDecimal = (data: Data, type: Decimal): ReadCell => {
  const { scale, bitWidth } = type;
  const units = bitWidth / 32;
  const values = data.values as Uint32Array;
  need(values.length, data.length * units);
  if (Math.abs(scale) > SCALE_MAX) throw new RangeError(`a decimal's scale is ${scale}`);
  return (row) => {
    let value = 0n;
    for (let unit = units - 1; unit >= 0; unit -= 1)
      value = (value << 32n) | BigInt(values[row * units + unit] ?? 0);
    return decimalText(BigInt.asIntN(bitWidth, value), scale);
  };
};

const decimalText = (value: bigint, scale: number): string => {
  if (scale <= 0) return String(value * 10n ** BigInt(-scale));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};

/**
 * Months, or an object of days and milliseconds, or of months, days and nanoseconds. These units do
 * not convert into each other.
 */
export const readInterval = (data: Data): ReadCell => {
  const values = data.values as Int32Array;
  const units = data.stride;
  need(values.length, data.length * units);
  const at = (row: number, unit: number): number => values[row * units + unit] ?? 0;
  if (units === 1) return (row) => at(row, 0);
  if (units === 2) return (row) => ({ days: at(row, 0), milliseconds: at(row, 1) });
  return (row) => ({
    months: at(row, 0),
    days: at(row, 1),
    nanoseconds: wholeNumber((BigInt(at(row, 3)) << 32n) | BigInt(at(row, 2) >>> 0)),
  });
};
