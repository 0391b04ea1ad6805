import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/disk/make-folder.ts';

/** Every file under a folder, by its path below the root; links are not followed. */
export const filesUnder = async (root: string, below: string): Promise<readonly string[]> => {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch(
    (cause: unknown) => {
      if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return [];
      throw cause;
    },
  );
  const names: string[] = [];
  for (const entry of entries) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) names.push(...(await filesUnder(root, name)));
    else if (entry.isFile()) names.push(name);
  }
  return names;
};

/** The size of a plain file in bytes; null when there is none. */
export const sizeOf = async (path: string): Promise<number | null> => {
  try {
    const found = await lstat(path);
    return found.isFile() ? found.size : null;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return null;
    throw cause;
  }
};
