import { crc32 } from 'node:zlib';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { TypedColumn } from '../../../lib/core/codec/codec.ts';
import { columnBytes, writeColumns } from '../../../lib/core/codec/event-record.ts';

/**
 * A journal record on disk: a prefix of six 32-bit integers (mark, header bytes, body bytes, header
 * checksum, body checksum, checksum of the first five), the header as JSON padded with spaces, the
 * body. Each part begins at a multiple of eight. The integers and the columns are in the machine's
 * byte order, which the mark shows.
 */
const prefixBytes = 24;
/** `bj01`, read on a little-endian machine. */
const mark = 0x31306a62;
const markOfOtherMachines = 0x626a3031;

export interface Frame {
  readonly header: JsonObject;
  /** A view of the bytes that were read. */
  readonly body: Uint8Array;
  /** The byte offset of the next record. */
  readonly end: number;
}

export type Unframed =
  | { readonly type: 'frame'; readonly frame: Frame }
  /** The bytes end before the record does. It was never acknowledged. */
  | { readonly type: 'torn' }
  /** All bytes are there, but they are wrong. */
  | { readonly type: 'wrong'; readonly what: string };

/**
 * The bytes of a record without checksums. `seal` adds those where the record is written, off the
 * main thread.
 */
export const frameOf = (
  header: JsonObject,
  columns: readonly TypedColumn[],
): Uint8Array<ArrayBuffer> => {
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
  const prefix = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, 6);
  const bodyAt = prefixBytes + (prefix[1] as number);
  prefix[3] = crc32(bytes.subarray(prefixBytes, bodyAt));
  prefix[4] = crc32(bytes.subarray(bodyAt));
  prefix[5] = crc32(bytes.subarray(0, 20));
};

/** The header and body of a frame that this process made, sealed or not. */
export const openFrame = (bytes: Uint8Array): Frame => {
  const prefix = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, 6);
  const bodyAt = prefixBytes + (prefix[1] as number);
  const end = bodyAt + (prefix[2] as number);
  return {
    header: JSON.parse(textOf(bytes.subarray(prefixBytes, bodyAt))) as JsonObject,
    body: bytes.subarray(bodyAt, end),
    end,
  };
};

/** The length in bytes that the record at an offset states; null when its prefix is damaged. */
export const frameBytes = (bytes: Uint8Array, at: number): number | null => {
  if (bytes.length - at < prefixBytes) return null;
  const prefix = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, 6);
  if (prefix[0] !== mark || prefix[5] !== crc32(bytes.subarray(at, at + 20))) return null;
  return prefixBytes + (prefix[1] as number) + (prefix[2] as number);
};

/** Reads the record at an offset, a multiple of eight. */
export const unframe = (bytes: Uint8Array, at: number): Unframed => {
  const left = bytes.length - at;
  if (left < prefixBytes) return { type: 'torn' };
  const prefix = new Uint32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, 6);
  if (prefix[0] === markOfOtherMachines)
    return { type: 'wrong', what: 'it was written on a machine with a different byte order' };
  if (prefix[0] !== mark || prefix[5] !== crc32(bytes.subarray(at, at + 20)))
    return { type: 'wrong', what: 'its first bytes do not match their checksum' };
  const bodyAt = at + prefixBytes + (prefix[1] as number);
  const end = bodyAt + (prefix[2] as number);
  if (end > bytes.length) return { type: 'torn' };
  const headerBytes = bytes.subarray(at + prefixBytes, bodyAt);
  const body = bytes.subarray(bodyAt, end);
  if (crc32(headerBytes) !== prefix[3])
    return { type: 'wrong', what: 'its header does not match its checksum' };
  if (crc32(body) !== prefix[4])
    return { type: 'wrong', what: 'its body does not match its checksum' };
  try {
    return {
      type: 'frame',
      frame: { header: JSON.parse(textOf(headerBytes)) as JsonObject, body, end },
    };
  } catch {
    return { type: 'wrong', what: 'its header matches its checksum but is not JSON' };
  }
};

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
