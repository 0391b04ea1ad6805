import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Errors } from 'io-ts';
import { EventCodec, type TypedColumn } from './codec.ts';
import type { Column } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json.ts';

/**
 * Events as they are written: a JSON header, and their columns as typed arrays behind it. In the
 * header a column is its number in the record. Law: `decodeEvents(encodeEvents(events))` are the
 * same events, columns equal by value.
 */
export interface EventRecord {
  readonly header: JsonObject;
  readonly columns: readonly TypedColumn[];
}

/** The format that is written. A reader refuses a format that it does not know, whole. */
export const recordFormat = 5;

/** Where the columns of an event are. */
const columnPaths: {
  readonly [T in Event['type']]?: readonly (readonly [string] | readonly [string, string])[];
} = {
  ItemsAccepted: [
    ['slice', 'requestLengths'],
    ['slice', 'itemLengths'],
    ['slice', 'tokens'],
    ['slice', 'inputs'],
    ['slice', 'badOffsets'],
    ['slice', 'sameAs'],
  ],
  BatchPlanned: [['indexes']],
  PendingFailed: [['indexes']],
  LinesDropped: [['indexes']],
  ItemsCompleted: [
    ['lines', 'indexes'],
    ['lines', 'offsets'],
    ['lines', 'lengths'],
  ],
  ItemsSettled: [
    ['failed', 'indexes'],
    ['failed', 'codes'],
    ['failed', 'parts'],
    ['failed', 'offsets'],
    ['failed', 'lengths'],
    ['failed', 'charged'],
    ['retried', 'indexes'],
    ['retried', 'codes'],
    ['retried', 'charged'],
    ['retried', 'dueAtMs'],
  ],
  ItemsRequeued: [['indexes']],
  SharedCompleted: [['indexes'], ['of']],
  SharedFailed: [['indexes'], ['of'], ['codes']],
};

const arrays = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f64: Float64Array } as const;
type Kind = keyof typeof arrays;

/** The column in the narrowest array that holds its numbers. O(rows). */
export const narrowColumn = (column: Column): TypedColumn => {
  let max = 0;
  for (let i = 0; i < column.length; i += 1) {
    const value = column[i] as number;
    if (!Number.isInteger(value) || value < 0) return Float64Array.from(column);
    if (value > max) max = value;
  }
  if (max <= 0xff) return column instanceof Uint8Array ? column : Uint8Array.from(column);
  if (max <= 0xffff) return column instanceof Uint16Array ? column : Uint16Array.from(column);
  if (max <= 0xffff_ffff) return column instanceof Uint32Array ? column : Uint32Array.from(column);
  return column instanceof Float64Array ? column : Float64Array.from(column);
};

const kindOf = (column: TypedColumn): Kind =>
  column instanceof Uint8Array
    ? 'u8'
    : column instanceof Uint16Array
      ? 'u16'
      : column instanceof Uint32Array
        ? 'u32'
        : 'f64';

/** A copy of the event with what lies at its column paths exchanged. */
const exchange = (event: JsonObject, swap: (at: unknown) => unknown): JsonObject => {
  const copy: Record<string, unknown> = { ...event };
  for (const [first, second] of columnPaths[event['type'] as Event['type']] ?? []) {
    const at = copy[first];
    if (second === undefined) copy[first] = swap(at);
    else if (isJsonObject(at)) copy[first] = { ...at, [second]: swap(at[second]) };
  }
  return copy as JsonObject;
};

export const encodeEvents = (events: readonly Event[]): EventRecord => {
  const columns: TypedColumn[] = [];
  const take = (at: unknown): unknown =>
    at === null ? null : columns.push(narrowColumn(at as Column)) - 1;
  const plain = events.map((event) => exchange(event as unknown as JsonObject, take));
  const shapes = columns.map((column) => [kindOf(column), column.length] as const);
  return { header: { format: recordFormat, events: plain, columns: shapes }, columns };
};

/**
 * Left says what is wrong with the record: a format of another version, or an event that is not
 * one.
 */
export const decodeEvents = (
  header: unknown,
  columns: readonly TypedColumn[],
): Either<string, readonly Event[]> => {
  if (!isJsonObject(header) || header['format'] !== recordFormat) {
    return left(
      `its format is ${isJsonObject(header) ? String(header['format']) : 'unknown'}, and this version reads format ${recordFormat}`,
    );
  }
  if (!Array.isArray(header['events'])) return left('it holds no events');
  const events: Event[] = [];
  for (const plain of header['events'] as readonly JsonValue[]) {
    if (!isJsonObject(plain)) return left('an event is no object');
    const decoded = EventCodec.decode(
      exchange(plain, (at) => (typeof at === 'number' ? columns[at] : at)),
    );
    if (isLeft(decoded))
      return left(`${String(plain['type'])}: ${pathOfError(decoded.left)} is malformed`);
    events.push(decoded.right);
  }
  return right(events);
};

/** The path of the first error. Never the value: it may be private. */
export const pathOfError = (errors: Errors): string =>
  errors[0]?.context
    .map(({ key }) => key)
    .filter((key) => key !== '')
    .join('.') || 'it';

/** Columns begin at multiples of eight, so that they can be read where they lie. */
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** How many bytes the columns take, one after the other. */
export const columnBytes = (columns: readonly TypedColumn[]): number =>
  columns.reduce((sum, column) => sum + padded(column.byteLength), 0);

/** Writes the columns into the target, in the machine's byte order. */
export const writeColumns = (columns: readonly TypedColumn[], target: Uint8Array): void => {
  let at = 0;
  for (const column of columns) {
    target.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += padded(column.byteLength);
  }
};

/**
 * The columns of a record, as views on its bytes; left when the bytes cannot hold them. The body
 * begins at a multiple of eight.
 */
export const readColumns = (
  header: unknown,
  body: Uint8Array,
): Either<string, readonly TypedColumn[]> => {
  const shapes = isJsonObject(header) ? header['columns'] : undefined;
  if (!Array.isArray(shapes)) return left('it names no columns');
  const columns: TypedColumn[] = [];
  let at = 0;
  for (const shape of shapes as readonly JsonValue[]) {
    const [kind, count] = Array.isArray(shape) ? (shape as readonly JsonValue[]) : [];
    if (
      typeof kind !== 'string' ||
      !Object.hasOwn(arrays, kind) ||
      typeof count !== 'number' ||
      !Number.isInteger(count) ||
      count < 0
    )
      return left('a column has no kind');
    const ArrayType = arrays[kind as Kind];
    if (at + count * ArrayType.BYTES_PER_ELEMENT > body.length)
      return left('its columns are longer than its body');
    columns.push(new ArrayType(body.buffer as ArrayBuffer, body.byteOffset + at, count));
    at += padded(count * ArrayType.BYTES_PER_ELEMENT);
  }
  return at === body.length ? right(columns) : left('its body is longer than its columns');
};
