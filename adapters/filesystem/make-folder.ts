import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './io-error.ts';

/**
 * True after: the folder is there, and those above it; answers the topmost one that was made, or null. One level at a time: Node's recursive
 * `mkdir` never comes back from a file system that answers ENOENT for what cannot be made in it (procfs), and says ENOENT of a
 * disk that is mounted read-only. Throws what the system throws.
 */
export const makeFolder = async (folder: string, mode = 0o700): Promise<string | null> => {
  const missing: string[] = [];
  for (let at = folder; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
  for (const each of missing) {
    await mkdir(each, { mode }).catch((cause: unknown) => {
      // Somebody was faster.
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
