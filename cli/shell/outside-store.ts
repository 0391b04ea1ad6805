import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { behindLinks } from '../../lib/run/results/whole-file.ts';
import { CliFailure } from './failure.ts';
import type { Place } from './place.ts';

/**
 * Requires that the path lies outside of the store: inside, output could replace a journal, or be
 * deleted with the run. Follows links, also those above a path that does not exist yet. Throws a
 * `CliFailure` that names the flag.
 */
export const requireOutsideStore = async (
  flag: string,
  given: string,
  path: string,
  { store }: Place,
): Promise<void> => {
  const folder = store.type === 'folder' ? store.path : store.artifactFolder;
  if (folder === null) return;
  const way = relative(await realPath(folder), await realPath(path));
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return;
  // The store may be a folder with other files of the user (`--store .`): those are not the
  // store's.
  if (store.type === 'folder' && !ownFolders.includes(way.split(sep, 1)[0] ?? '')) return;
  throw new CliFailure(`${flag} ${given} lies in the store, ${folder}`, {
    hint: 'Choose a path outside of the store: files inside belong to its runs and are deleted with them. Nothing was written.',
  });
};

/** Below a folder that is a store. */
const ownFolders = ['runs', 'quota'];

/** The path behind all links; of what does not exist, behind those of the folders that do. */
const realPath = async (path: string): Promise<string> => {
  const known = await behindLinks(path);
  const real = await realpath(known).catch(() => null);
  if (real !== null || dirname(known) === known) return real ?? known;
  return join(await realPath(dirname(known)), basename(known));
};
