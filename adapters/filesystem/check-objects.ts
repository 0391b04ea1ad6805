import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { errnoOf } from '../../lib/disk/make-folder.ts';
import { filesUnder, sizeOf } from './object-files.ts';
import { findChange } from './read-object.ts';
import { objectOfSums, readSums, sumsPath } from './sums-file.ts';
import { writeSums } from './write-object.ts';

/**
 * The result of checking every byte of an object. `sums`: `damaged` when its checksum file is not
 * whole.
 */
export interface CheckedObject {
  readonly name: string;
  readonly path: string;
  readonly sums: 'whole' | 'none' | 'damaged';
  readonly changed: { readonly offset: number; readonly length: number } | null;
}

/** Objects under a folder, without their checksum files. */
export const objectsUnder = async (root: string): Promise<readonly string[]> =>
  (await filesUnder(root, '')).filter((name) => objectOfSums(name) === null);

/** Reads every object completely, one after the other. Throws I/O errors. */
export const checkObjects = async (
  root: string,
  names: readonly string[],
): Promise<readonly CheckedObject[]> => {
  const found: CheckedObject[] = [];
  for (const name of names) {
    const path = join(root, name);
    const bytes = await sizeOf(path);
    if (bytes === null) continue;
    const sums = await readSums(path);
    if (typeof sums === 'string') found.push({ name, path, sums, changed: null });
    else {
      const changed = await findChange(path, sums, bytes).catch(ifRemoved);
      if (changed !== 'removed') found.push({ name, path, sums: 'whole', changed });
    }
  }
  return Promise.all(found.map(lookedAgain));
};

const ifRemoved = (cause: unknown): 'removed' => {
  if (errnoOf(cause) === 'ENOENT') return 'removed';
  throw cause;
};

/** An object that is put meanwhile has its name shortly before its checksums. */
const lookedAgain = async (object: CheckedObject): Promise<CheckedObject> => {
  if (object.sums !== 'none') return object;
  const now = await readSums(object.path);
  return now === 'none' ? object : { ...object, sums: now === 'damaged' ? 'damaged' : 'whole' };
};

/**
 * Writes checksums of the object's current bytes, and moves the old ones to the folder `aside`.
 * Returns where; null: there were none. Throws I/O errors.
 */
export const renewSums = async (
  root: string,
  name: string,
  aside: string,
): Promise<string | null> => {
  const path = join(root, name);
  const sums = sumsPath(path);
  const kept = (await sizeOf(sums)) === null ? null : join(aside, relative(root, sums));
  if (kept !== null) {
    await mkdir(dirname(kept), { recursive: true, mode: 0o700 });
    await rename(sums, kept);
  }
  await writeSums(path);
  return kept;
};
