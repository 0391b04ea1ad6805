import { mkdir, stat, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Windows cannot open folders. The journal of its file system makes names durable. */
const isWindows = process.platform === 'win32';

/** Makes the names in the folder durable: of new, renamed and removed files. Throws I/O errors. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (isWindows) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The same, before it returns. */
export const syncFolderNow = (folder: string): void => {
  if (isWindows) return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

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

/** The same; a new folder's name is durable after. */
export const makeFolderDurably = async (folder: string): Promise<void> => {
  const first = await makeFolder(folder);
  if (first === null) return;
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(dirname(at));
    if (at === first || dirname(at) === at) return;
  }
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

/** The error code of a failed system call; null for anything else. */
export const errnoOf = (cause: unknown): string | null =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
