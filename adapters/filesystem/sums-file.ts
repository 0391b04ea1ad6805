import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errnoOf } from '../../lib/disk/make-folder.ts';

/** The checksum file beside each object. Its leading dot cannot occur in an object name. */
export const sumsPrefix = '.sums-';

/** The path of the checksum file beside an object. */
export const sumsPath = (path: string): string =>
  join(dirname(path), `${sumsPrefix}${basename(path)}`);

/** The object of a checksum file, by path or name; null: it is another file. */
export const objectOfSums = (path: string): string | null => {
  const name = basename(path);
  if (!name.startsWith(sumsPrefix)) return null;
  const folder = path.slice(0, path.length - name.length);
  return `${folder}${name.slice(sumsPrefix.length)}`;
};

/**
 * The checksums of an object; `none` without a file, `damaged` when the file is not whole. Throws
 * I/O errors.
 */
export const readSums = async (path: string): Promise<BlockSums | 'none' | 'damaged'> => {
  try {
    return decodeSums(new Uint8Array(await readFile(sumsPath(path)))) ?? 'damaged';
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return 'none';
    throw cause;
  }
};

const keptObjectsMax = 512;
const keptSumsMax = 2_000_000;

/** A cache of checksums, at most 8 MB; objects are immutable. */
export interface SumsCache {
  of(path: string): Promise<BlockSums | 'none' | 'damaged'>;
  forget(path: string): void;
}

export const createSumsCache = (): SumsCache => {
  const kept = new Map<string, BlockSums>();
  let count = 0;
  const forget = (path: string): void => {
    count -= kept.get(path)?.crcs.length ?? 0;
    kept.delete(path);
  };
  return {
    async of(path) {
      const known = kept.get(path);
      if (known !== undefined) return known;
      const sums = await readSums(path);
      // A missing file is not cached: an object has its name shortly before its checksums.
      if (typeof sums === 'string' || sums.crcs.length > keptSumsMax) return sums;
      forget(path);
      kept.set(path, sums);
      count += sums.crcs.length;
      for (const oldest of kept.keys()) {
        if (kept.size <= keptObjectsMax && count <= keptSumsMax) break;
        forget(oldest);
      }
      return sums;
    },
    forget,
  };
};

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
const blockBytesDefault = 16 * 1024;

/** Computes checksums of bytes as they arrive, without copying. */
interface SumsWriter {
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
const decodeSums = (given: Uint8Array): BlockSums | null => {
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
