import { crc32 } from 'node:zlib';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { TypedColumn } from '../../../lib/core/codec/codec.ts';
import { columnBytes, writeColumns } from '../../../lib/core/codec/event-record.ts';

/**
 * A journal record on disk: a prefix of six 32-bit words (mark, header bytes, body bytes, header checksum, body checksum, checksum
 * of the five), the header as JSON padded with spaces, the body. Everything begins at a multiple of eight. The words are in the
 * machine's byte order, and so are the columns: the mark tells.
 */
const prefixBytes = 24;
/** `bj01`, read on a little-endian machine. */
const mark = 0x31306a62;
const markOfOtherMachines = 0x626a3031;

export interface Frame {
  readonly header: JsonObject;
  /** Views on the bytes that were read. */
  readonly body: Uint8Array;
  /** Where the next record begins. */
  readonly end: number;
}

export type Unframed =
  | { readonly type: 'frame'; readonly frame: Frame }
  /** The bytes end before the record does: torn, and never acknowledged. */
  | { readonly type: 'torn' }
  /** The record is whole, and wrong. */
  | { readonly type: 'wrong'; readonly what: string };

/** The record's bytes, checksums still missing: those are `seal`ed where the record is written, off the main thread. */
export const frameOf = (header: JsonObject, columns: readonly TypedColumn[]): Uint8Array<ArrayBuffer> => {
  const text = JSON.stringify(header);
  const textBytes = Buffer.byteLength(text);
  const headerBytes = Math.ceil(textBytes / 8) * 8;
  const bodyBytes = columnBytes(columns);
  const bytes = new Uint8Array(prefixBytes + headerBytes + bodyBytes);
  const buffer = Buffer.from(bytes.buffer);
  buffer.write(text, prefixBytes, 'utf8');
  buffer.fill(0x20, prefixBytes + textBytes, prefixBytes + headerBytes);
  writeColumns(columns, bytes.subarray(prefixBytes + headerBytes));
  new Uint32Array(bytes.buffer, 0, 3).set([mark, headerBytes, bodyBytes]);
  return bytes;
};

/** Writes the checksums into a frame. */
export const seal = (bytes: Uint8Array): void => {
  const words = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, 6);
  const bodyAt = prefixBytes + (words[1] as number);
  words[3] = crc32(bytes.subarray(prefixBytes, bodyAt));
  words[4] = crc32(bytes.subarray(bodyAt));
  words[5] = crc32(bytes.subarray(0, 20));
};

/** The header and body of a frame that we made ourselves, unsealed or not. */
export const openFrame = (bytes: Uint8Array): Frame => {
  const words = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, 6);
  const bodyAt = prefixBytes + (words[1] as number);
  const end = bodyAt + (words[2] as number);
  return { header: JSON.parse(textOf(bytes.subarray(prefixBytes, bodyAt))) as JsonObject, body: bytes.subarray(bodyAt, end), end };
};

/** How many bytes the record at an offset says it has; null where its first bytes are not to be trusted. */
export const frameBytes = (bytes: Uint8Array, at: number): number | null => {
  if (bytes.length - at < prefixBytes) return null;
  const words = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, 6);
  if (words[0] !== mark || words[5] !== crc32(bytes.subarray(at, at + 20))) return null;
  return prefixBytes + (words[1] as number) + (words[2] as number);
};

/** Reads the record that begins at a multiple of eight. */
export const unframe = (bytes: Uint8Array, at: number): Unframed => {
  const left = bytes.length - at;
  if (left < prefixBytes) return { type: 'torn' };
  const words = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, 6);
  if (words[0] === markOfOtherMachines) return { type: 'wrong', what: 'it was written on a machine with another byte order' };
  if (words[0] !== mark || words[5] !== crc32(bytes.subarray(at, at + 20)))
    return { type: 'wrong', what: 'its first bytes do not match their checksum' };
  const bodyAt = at + prefixBytes + (words[1] as number);
  const end = bodyAt + (words[2] as number);
  if (end > bytes.length) return { type: 'torn' };
  const headerBytes = bytes.subarray(at + prefixBytes, bodyAt);
  const body = bytes.subarray(bodyAt, end);
  if (crc32(headerBytes) !== words[3]) return { type: 'wrong', what: 'its header does not match its checksum' };
  if (crc32(body) !== words[4]) return { type: 'wrong', what: 'its body does not match its checksum' };
  try {
    return { type: 'frame', frame: { header: JSON.parse(textOf(headerBytes)) as JsonObject, body, end } };
  } catch {
    return { type: 'wrong', what: 'its header matches its checksum and is no JSON' };
  }
};

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
