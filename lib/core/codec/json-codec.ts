import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { EventCodec } from './codec.ts';
import type { Command } from '../model/command.ts';
import { CommandType } from './command-type.ts';
import type { Event } from '../model/event.ts';
import { pathOfError } from './event-record.ts';
import { isJsonObject, type JsonObject } from '../json/json.ts';
import { emptySnapshot, isCreated, type RunSnapshot } from '../model/snapshot.ts';
import { RunSnapshotCodec } from './snapshot-codec.ts';

/**
 * JSON there and back, for queues, workflow engines and journals. Law:
 * `decode(JSON.parse(JSON.stringify(encode(value))))` is right, and holds the same value, columns
 * equal by their numbers. `JSON.stringify` alone loses typed arrays.
 */
export interface JsonCodec<A> {
  /**
   * Plain JSON: columns as arrays of numbers, absent fields left out, and the format's number as
   * `format`. O(size).
   */
  encode(value: A): JsonObject;
  /**
   * Never throws. Left names the type and the field that is wrong, never what it holds. What has no
   * `format` is read as the first one.
   */
  decode(json: unknown): Either<string, A>;
}

/** The number of the format that the codecs write. A reader refuses a later one, whole. */
export const jsonFormat = 1;

/** What JSON keeps of a value: typed arrays as arrays, no absent fields. */
const plain = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  // Thousands of ids or numbers are taken as they are.
  if (Array.isArray(value))
    return value.some((entry) => typeof entry === 'object') ? value.map(plain) : value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      inner === undefined ? [] : [[key, plain(inner)]],
    ),
  );
};

/** Where `given` has a key that `read` has not: a later release may mean something by it. */
const extraKey = (given: unknown, read: unknown, path = ''): string | null => {
  if (Array.isArray(given)) {
    if (!Array.isArray(read) || !given.some((entry) => typeof entry === 'object')) return null;
    return firstOf(
      given.map((entry, i) => [`${path}${i}.`, entry, (read as readonly unknown[])[i]]),
    );
  }
  if (!isJsonObject(given) || !isJsonObject(read)) return null;
  const extra = Object.keys(given).find((key) => !Object.hasOwn(read, key));
  return extra !== undefined
    ? path + extra
    : firstOf(Object.entries(given).map(([key, inner]) => [`${path}${key}.`, inner, read[key]]));
};
const firstOf = (pairs: readonly (readonly [string, unknown, unknown])[]): string | null => {
  for (const [path, given, read] of pairs) {
    const extra = extraKey(given, read, path);
    if (extra !== null) return extra;
  }
  return null;
};

const withoutFormat = (json: unknown, name: string): Either<string, JsonObject> => {
  if (!isJsonObject(json)) return left(`${name} is no object`);
  const { format = jsonFormat, ...rest } = json;
  return format === jsonFormat
    ? right(rest)
    : left(`${name} is of format ${String(format)}, and this version reads format ${jsonFormat}`);
};

const codecOf = <A extends object>(name: string, type: t.Type<A, unknown>): JsonCodec<A> => ({
  encode: (value) => ({ format: jsonFormat, ...(plain(value) as JsonObject) }),
  decode: (json) => {
    const given = withoutFormat(json, name);
    if (isLeft(given)) return given;
    const named = typeof given.right['type'] === 'string' ? given.right['type'] : name;
    const read = type.decode(given.right);
    if (isLeft(read)) return left(`${named}: ${pathOfError(read.left)} is malformed`);
    const extra = extraKey(given.right, read.right);
    return extra === null ? read : left(`${named}: ${extra} is unknown to this version`);
  },
});

/**
 * Commands as JSON and back: `decode` is left for an unknown type, a wrong field or a newer format.
 */
export const commandCodec: JsonCodec<Command> = codecOf('the command', CommandType);
/**
 * Events as JSON and back, for journals and queues. Events of earlier releases decode as what they
 * mean today.
 */
export const eventCodec: JsonCodec<Event> = codecOf('the event', EventCodec);

const createdCodec = codecOf('the snapshot', RunSnapshotCodec);
/**
 * Snapshots as JSON and back. The run before `CreateRun`, which has no configuration, is a
 * `version` of 0 and nothing more.
 */
export const snapshotCodec: JsonCodec<RunSnapshot> = {
  encode: (snapshot) =>
    isCreated(snapshot) ? createdCodec.encode(snapshot) : { format: jsonFormat, version: 0 },
  decode: (json) =>
    isJsonObject(json) &&
    json['version'] === 0 &&
    json['runId'] === undefined &&
    (json['format'] ?? jsonFormat) === jsonFormat
      ? right(emptySnapshot)
      : createdCodec.decode(json),
};
