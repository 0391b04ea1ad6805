import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BlockSums, decodeSums } from './block-sums.ts';
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
