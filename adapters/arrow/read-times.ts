import type { Data, Date_, Time, Timestamp } from 'apache-arrow';
import { need } from './cell.ts';
import type { ReadCell } from './cell.ts';

/** Digits after the second, by unit: seconds, milliseconds, microseconds, nanoseconds. */
const DIGITS = [0, 3, 6, 9];

const SECONDS_A_DAY = 86_400;

/**
 * ISO 8601 with milliseconds, or more digits if needed; with a Z only when the column has a time
 * zone.
 */
export const readTimestamp = (data: Data, type: Timestamp): ReadCell => {
  const split = secondsOf(data, type.unit);
  const zone = typeof type.timezone === 'string' && type.timezone !== '' ? 'Z' : '';
  return (row) => {
    const { seconds, fraction } = split(row);
    return `${isoOf(seconds).slice(0, -5)}.${fraction}${zone}`;
  };
};

/** `2026-04-03`. */
export const readDate = (data: Data, type: Date_): ReadCell => {
  const values = data.values as ArrayLike<number | bigint>;
  need(values.length, data.length);
  const secondsPerUnit = type.unit === 0 ? SECONDS_A_DAY : 1 / 1_000;
  return (row) => isoOf(Number(values[row]) * secondsPerUnit).split('T', 1)[0] as string;
};

/** `23:59:59.000`. */
export const readTime = (data: Data, type: Time): ReadCell => {
  const split = secondsOf(data, type.unit);
  return (row) => {
    const { seconds, fraction } = split(row);
    if (seconds < 0 || seconds >= SECONDS_A_DAY) throw new RangeError('is not a time of a day');
    return `${isoOf(seconds).slice(11, 19)}.${fraction}`;
  };
};

const isoOf = (seconds: number): string => {
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) throw new RangeError('is a date beyond the years of ISO 8601');
  return date.toISOString();
};

/** Whole seconds, and the digits after them. */
const secondsOf = (
  data: Data,
  unit: number,
): ((row: number) => { readonly seconds: number; readonly fraction: string }) => {
  const values = data.values as ArrayLike<number | bigint>;
  need(values.length, data.length);
  const digits = DIGITS[unit] ?? 0;
  const perSecond = 10n ** BigInt(digits);
  return (row) => {
    const value = BigInt(values[row] ?? 0);
    const rest = ((value % perSecond) + perSecond) % perSecond;
    return { seconds: Number((value - rest) / perSecond), fraction: fractionOf(rest, digits) };
  };
};

/** Three, six or nine digits, as few as are exact. */
const fractionOf = (rest: bigint, digits: number): string => {
  const written = String(rest).padStart(Math.max(digits, 3), '0');
  let end = written.length;
  while (end > 3 && written.endsWith('000', end)) end -= 3;
  return written.slice(0, end);
};
