import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { errnoOf } from '../../lib/disk/make-folder.ts';

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
