import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './io-error.ts';

/**
 * Creates the folder and its parents. Returns the topmost one that was created, or null. It creates
 * one level at a time: Node's recursive `mkdir` hangs on a file system that answers ENOENT for what
 * cannot be created in it (procfs), and reports ENOENT for a read-only mount. Throws I/O errors.
 */
export const makeFolder = async (folder: string, mode = 0o700): Promise<string | null> => {
  const missing: string[] = [];
  for (let at = folder; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
  for (const each of missing) {
    await mkdir(each, { mode }).catch((cause: unknown) => {
      // Another process created it.
      if (errnoOf(cause) !== 'EEXIST') throw cause;
    });
  }
  return missing[0] ?? null;
};

const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' && dirname(path) !== path) return false;
    throw cause;
  }
};
