import { statSync } from 'node:fs';
import { errnoOf } from '../../lib/disk/make-folder.ts';

/** True for a folder and for a link to one; false otherwise. Throws other I/O errors. */
export const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR' || errnoOf(cause) === 'ELOOP')
      return false;
    throw cause;
  }
};
