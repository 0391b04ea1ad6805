import { lstat, readdir, rm, realpath } from 'node:fs/promises';
import { join, dirname, resolve, sep } from 'node:path';
import { statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { errnoOf } from '../../lib/disk/make-folder.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import { ioError } from './io-error.ts';
import { objectOfSums } from './sums-file.ts';

/** The prefix of unfinished files; object names have no leading dot. */
export const unfinishedPrefix = '.put-';

/** A new path of an unfinished file in the folder. */
export const unfinishedName = (folder: string): string =>
  join(folder, `${unfinishedPrefix}${randomBytes(8).toString('hex')}`);

/**
 * Why a text is not a valid object name; null: it is. Names are relative and `/`-separated, without
 * empty segments, leading dots, backslashes or NUL.
 */
export const objectNameFault = (name: string): string | null => {
  if (name.length === 0 || name.length > 1_024) return 'it has 1 to 1,024 characters';
  if (name.includes('\\') || name.includes('\0')) return 'it holds no backslash and no NUL';
  const segments = name.split('/');
  if (segments.some((segment) => segment === '')) return 'it is relative, and no segment is empty';
  if (segments.some((segment) => segment.startsWith('.'))) return 'no segment begins with a dot';
  return segments.some((segment) => Buffer.byteLength(segment) > 200)
    ? 'a segment has at most 200 bytes'
    : null;
};

/**
 * True when the object's folder is in the root after following links. For a missing folder, its
 * existing part counts.
 */
export const staysInside = async (root: string, name: string): Promise<boolean> => {
  const top = resolve(root);
  for (
    let folder = dirname(join(top, ...name.split('/')));
    folder.startsWith(top);
    folder = dirname(folder)
  ) {
    try {
      const [realRoot, realFolder] = await Promise.all([realpath(top), realpath(folder)]);
      return (
        realFolder === realRoot ||
        realFolder.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)
      );
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw cause;
    }
  }
  return true;
};

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

/**
 * Deletes every object that is not kept, with its checksums, and unfinished files of dead writers.
 * For the run's owner, at opening. Returns the names of deleted objects.
 */
export const sweepObjects = async (
  root: string,
  isKept: (name: string) => boolean,
): Promise<readonly string[] | PortError> => {
  try {
    const files = await filesUnder(root, '');
    const kept = new Set(files.filter(isKept));
    const swept = files.filter((name) => !kept.has(objectOfSums(name) ?? name));
    for (const name of swept) await rm(join(root, name), { force: true });
    return swept.filter((name) => objectOfSums(name) === null);
  } catch (cause) {
    return ioError('delete unreferenced objects in', root, cause);
  }
};
