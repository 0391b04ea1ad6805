import { statSync } from 'node:fs';
import { errnoOf } from './io-error.ts';

/** True of a folder, and of a link to one; false of anything else, and of nothing. Throws what else the system throws. */
export const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR' || errnoOf(cause) === 'ELOOP') return false;
    throw cause;
  }
};
