import { realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { errnoOf } from './io-error.ts';

/** Our own unfinished files begin so; a leading dot is no object's name. */
export const unfinishedPrefix = '.put-';

/** Why the text cannot name an object, or null: relative, `/`-separated, no segment empty or with a leading dot, no backslash or NUL. */
export const objectNameFault = (name: string): string | null => {
  if (name.length === 0 || name.length > 1_024) return 'it has 1 to 1,024 characters';
  if (name.includes('\\') || name.includes('\0')) return 'it holds no backslash and no NUL';
  const segments = name.split('/');
  if (segments.some((segment) => segment === '')) return 'it is relative, and no segment is empty';
  if (segments.some((segment) => segment.startsWith('.'))) return 'no segment begins with a dot';
  return segments.some((segment) => Buffer.byteLength(segment) > 200) ? 'a segment has at most 200 bytes' : null;
};

/** True when the object's folder, links followed, lies in the root; of a folder that does not exist, the part that does. */
export const staysInside = async (root: string, name: string): Promise<boolean> => {
  const top = resolve(root);
  for (let folder = dirname(join(top, ...name.split('/'))); folder.startsWith(top); folder = dirname(folder)) {
    try {
      const [realRoot, realFolder] = await Promise.all([realpath(top), realpath(folder)]);
      return realFolder === realRoot || realFolder.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw cause;
    }
  }
  return true;
};
