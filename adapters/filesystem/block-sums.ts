import { crc32 } from 'node:zlib';

/** Checksums of an object: one CRC-32 per block; the last block may be shorter. */
export interface BlockSums {
  readonly blockBytes: number;
  /** Length of the object in bytes. */
  readonly bytes: number;
  readonly crcs: Uint32Array;
}

/**
 * A read verifies whole blocks: smaller ones cost more memory and calls, larger ones read more
 * bytes around a short line (docs/benchmarks.md).
 */
export const blockBytesDefault = 16 * 1024;

/** Computes checksums of bytes as they arrive, without copying. */
export interface SumsWriter {
  add(chunk: Uint8Array): void;
  end(): BlockSums;
}

export const createSumsWriter = (blockBytes = blockBytesDefault): SumsWriter => {
  const crcs: number[] = [];
  let bytes = 0;
  let crc = 0;
  return {
    add(chunk) {
      for (let at = 0; at < chunk.length;) {
        const end = Math.min(chunk.length, at + blockBytes - (bytes % blockBytes));
        crc = crc32(chunk.subarray(at, end), crc);
        bytes += end - at;
        at = end;
        if (bytes % blockBytes !== 0) continue;
        crcs.push(crc);
        crc = 0;
      }
    },
    end: () => ({
      blockBytes,
      bytes,
      crcs: Uint32Array.from(bytes % blockBytes === 0 ? crcs : [...crcs, crc]),
    }),
  };
};

const magic = Buffer.from('batchor sums 1\n\n', 'latin1');
const headerBytes = magic.length + 16;

/**
 * Little-endian: the magic, the block size, the object's length, the sums, and the CRC-32 of all
 * that.
 */
export const encodeSums = ({ blockBytes, bytes, crcs }: BlockSums): Uint8Array => {
  const encoded = Buffer.alloc(headerBytes + 4 * crcs.length + 4);
  magic.copy(encoded);
  encoded.writeUInt32LE(blockBytes, magic.length);
  encoded.writeDoubleLE(bytes, magic.length + 8);
  crcs.forEach((crc, i) => encoded.writeUInt32LE(crc, headerBytes + 4 * i));
  encoded.writeUInt32LE(crc32(encoded.subarray(0, -4)), encoded.length - 4);
  return encoded;
};

/** Null: the bytes are not a whole file of checksums. */
export const decodeSums = (given: Uint8Array): BlockSums | null => {
  const encoded = Buffer.from(given.buffer, given.byteOffset, given.length);
  if (encoded.length < headerBytes + 4 || !encoded.subarray(0, magic.length).equals(magic))
    return null;
  if (encoded.readUInt32LE(encoded.length - 4) !== crc32(encoded.subarray(0, -4))) return null;
  const blockBytes = encoded.readUInt32LE(magic.length);
  const bytes = encoded.readDoubleLE(magic.length + 8);
  const count = (encoded.length - headerBytes - 4) / 4;
  if (blockBytes === 0 || Math.ceil(bytes / blockBytes) !== count) return null;
  return {
    blockBytes,
    bytes,
    crcs: Uint32Array.from({ length: count }, (_, i) => encoded.readUInt32LE(headerBytes + 4 * i)),
  };
};

/** The first byte of the block that contains the byte. */
export const blockStart = ({ blockBytes }: BlockSums, offset: number): number =>
  offset - (offset % blockBytes);
/** The end of the block that contains the byte before `end`. */
export const blockEnd = ({ blockBytes, bytes }: BlockSums, end: number): number =>
  Math.min(bytes, Math.ceil(end / blockBytes) * blockBytes);

/**
 * The first changed block of `found`; null: none. `found` begins with a block, at `from`, and ends
 * with one; only its blocks from `fromBlock` to `toBlock` are checked. O(bytes checked).
 */
export const changedBlock = (
  { blockBytes, crcs }: BlockSums,
  found: Uint8Array,
  from: number,
  fromBlock = from / blockBytes,
  toBlock = Math.ceil((from + found.length) / blockBytes),
): { readonly offset: number; readonly length: number } | null => {
  for (let block = fromBlock; block < toBlock; block += 1) {
    const at = block * blockBytes - from;
    const bytes = found.subarray(at, at + blockBytes);
    if (crc32(bytes) !== crcs[block]) return { offset: block * blockBytes, length: bytes.length };
  }
  return null;
};
