import type { ParquetParsers } from 'hyparquet';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { parseExactValue } from '../files/exact-json.ts';
import { messageOf } from '../files/row-mapping.ts';
import { decodeUtf8 } from '../files/utf8.ts';

/**
 * A cell without a valid value. It makes one bad row, where throwing would lose the whole row
 * group.
 */
export interface CellFault {
  /** The reason, to follow the name of the column. */
  readonly fault: string;
}

const faults = new WeakSet<object>();

const cellFault = (reason: string): CellFault => {
  const made: CellFault = { fault: reason };
  faults.add(made);
  return made;
};

const isCellFault = (value: unknown): value is CellFault =>
  typeof value === 'object' && value !== null && faults.has(value);

const NOT_UTF8 = cellFault('is not valid UTF-8');
const NO_DATE = cellFault('is a date beyond the years that can be written');

/** A JSON value whose numbers JavaScript would write otherwise, and how the file writes it. */
class WrittenJson {
  readonly value: unknown;
  readonly written: string;
  constructor(value: unknown, written: string) {
    this.value = value;
    this.written = written;
  }
}

/**
 * Parsers of annotated values for hyparquet: texts and JSON are checked, dates become ISO 8601
 * texts with all digits of the file.
 */
export const CELL_PARSERS: Partial<ParquetParsers> = {
  stringFromBytes: (bytes) => textOf(bytes) ?? NOT_UTF8,
  jsonFromBytes: (bytes): unknown => {
    const text = textOf(bytes);
    if (text === null) return NOT_UTF8;
    try {
      const { value, written } = parseExactValue(text);
      return written === null ? value : new WrittenJson(value, written);
    } catch (error) {
      return cellFault(`is not JSON: ${messageOf(error)}`);
    }
  },
  dateFromDays: (days) =>
    isoTime(BigInt(days) * 86_400_000n)?.slice(0, -'T00:00:00.000Z'.length) ?? NO_DATE,
  timestampFromMilliseconds: (millis) => isoTime(BigInt(millis)) ?? NO_DATE,
  timestampFromMicroseconds: (micros) => isoFine(BigInt(micros), 3) ?? NO_DATE,
  timestampFromNanoseconds: (nanos) => isoFine(BigInt(nanos), 6) ?? NO_DATE,
};

const textOf = (bytes: Uint8Array): string | null =>
  decodeUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

const isoTime = (millis: bigint): string | null => {
  const date = new Date(Number(millis));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

/** A time with `digits` more digits than milliseconds; zeros are not written. */
const isoFine = (time: bigint, digits: number): string | null => {
  const perMilli = 10n ** BigInt(digits);
  // Rounded down, also before 1970.
  const rest = ((time % perMilli) + perMilli) % perMilli;
  const coarse = isoTime((time - rest) / perMilli);
  if (coarse === null || rest === 0n) return coarse;
  return `${coarse.slice(0, -1)}${String(rest).padStart(digits, '0')}Z`;
};

/**
 * A decoded value as JSON: whole numbers beyond 2^53 as decimal texts, so that none is rounded;
 * bytes as base64; NaN, the infinities and missing values as null.
 */
export const toJsonCell = (value: unknown): JsonValue | CellFault => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : String(value);
    case 'object':
      return value === null ? null : toJsonObject(value);
    default:
      return null;
  }
};

const toJsonObject = (value: object): JsonValue | CellFault => {
  if (isCellFault(value)) return value;
  if (value instanceof WrittenJson) return toJsonCell(value.value);
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? NO_DATE : value.toISOString();
  if (ArrayBuffer.isView(value))
    return toJsonList(Array.from(value as unknown as ArrayLike<unknown>));
  if (Array.isArray(value)) return toJsonList(value);
  const fields: [string, JsonValue][] = [];
  for (const [name, field] of Object.entries(value)) {
    const cell = toJsonCell(field);
    if (isCellFault(cell)) return cell;
    fields.push([name, cell]);
  }
  return Object.fromEntries(fields);
};

const toJsonList = (values: readonly unknown[]): JsonValue | CellFault => {
  const list: JsonValue[] = [];
  for (const value of values) {
    const cell = toJsonCell(value);
    if (isCellFault(cell)) return cell;
    list.push(cell);
  }
  return list;
};

/**
 * How the file writes a decoded value, as JSON; null: as JavaScript writes the cell. Lists, structs
 * and maps may hold JSON too.
 */
export const writtenCell = (value: unknown): string | null =>
  typeof value === 'object' && value !== null && holdsWritten(value) ? writeCell(value) : null;

const holdsWritten = (value: object): boolean => {
  if (value instanceof WrittenJson) return true;
  if (ArrayBuffer.isView(value)) return false;
  for (const inner of Array.isArray(value) ? value : Object.values(value))
    if (typeof inner === 'object' && inner !== null && holdsWritten(inner as object)) return true;
  return false;
};

const writeCell = (value: unknown): string => {
  if (value instanceof WrittenJson) return value.written;
  if (typeof value !== 'object' || value === null || !holdsWritten(value))
    return JSON.stringify(toJsonCell(value));
  if (Array.isArray(value)) return `[${value.map(writeCell).join(',')}]`;
  const members = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}:${writeCell(field)}`,
  );
  return `{${members.join(',')}}`;
};

/** `isCellFault` for the results of `toJsonCell`. */
export const isFault = (cell: JsonValue | CellFault): cell is CellFault => isCellFault(cell);
