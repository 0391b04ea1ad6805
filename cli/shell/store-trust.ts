import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { join, relative } from 'node:path';
import { CliFailure } from './failure.ts';

/** A folder store, as far as its safety goes. */
export interface StoreToTrust {
  readonly path: string;
  /** Relative paths start here: the user's project. */
  readonly cwd: string;
  /** The user named it (`--store`, `BATCHOR_STORE`): what is odd about it is then told, and not refused. */
  readonly isNamed: boolean;
}

/** What is odd about a store: `refuse` where prompts and keys would go to a place that another user controls, or that a folder led to. */
export interface StoreConcern {
  readonly type: 'refuse' | 'warn';
  readonly message: string;
  readonly hint: string;
}

/** Looks at the store and its `runs`; what is not there yet is no concern. Nothing is asked where the system knows no owners. */
export const storeConcerns = ({ path, cwd, isNamed }: StoreToTrust, uid: number | null): readonly StoreConcern[] => {
  if (uid === null) return [];
  return [path, join(path, 'runs')].flatMap((place): readonly StoreConcern[] => {
    const link = statOf(place);
    if (link === null) return [];
    const target = link.isSymbolicLink() ? realPathOf(place) : place;
    if (target === null)
      return [
        { type: 'refuse', message: `${place} is a link that leads nowhere`, hint: 'Remove it, or name another store: --store FOLDER' },
      ];
    const found = statOf(target);
    return [
      ...(link.isSymbolicLink() && isOutside(target, cwd) ? ledAway(place, target, path, isNamed) : []),
      ...[link, ...(found === null || target === place ? [] : [found])]
        .filter((stats) => isForeign(stats, uid))
        .map(({ uid: owner }) => foreign(place, owner, isNamed)),
      ...(found !== null && found.isDirectory() && (found.mode & 0o022) !== 0 ? [writable(target, found.mode)] : []),
    ].slice(0, 1);
  });
};

/** Root owns what it opens, and trusts root alone; others trust themselves and root. */
const isForeign = ({ uid }: Stats, ours: number): boolean => ours !== 0 && uid !== ours && uid !== 0;

/** A store that was named may be a link; a link inside of it is told all the same: nobody named that one. */
const ledAway = (place: string, target: string, store: string, isNamed: boolean): readonly StoreConcern[] =>
  isNamed && place === store
    ? []
    : [
        {
          type: isNamed ? 'warn' : 'refuse',
          message: `${place} is a link that leads out of this folder, to ${target}`,
          hint: `Prompts and answers would be written there. If that is right, name the store: --store ${place === store ? target : store}`,
        },
      ];

const foreign = (place: string, owner: number, isNamed: boolean): StoreConcern => ({
  type: isNamed ? 'warn' : 'refuse',
  message: `${place} belongs to another user (uid ${owner}), who can read and change what batchor keeps there`,
  hint: isNamed
    ? 'Name a store of your own: --store FOLDER'
    : `Name a store of your own, or, if this one is right, name it: --store ${place}`,
});

const writable = (place: string, mode: number): StoreConcern => ({
  type: 'warn',
  message: `${(mode & 0o002) === 0 ? 'the group' : 'every user of this machine'} may write to ${place}, and so change what batchor keeps there`,
  hint: `chmod go-w ${place}`,
});

/** Throws for the first concern that forbids to put prompts there, or to send a key to the address that is stored there. */
export const requireTrustedStore = (concerns: readonly StoreConcern[]): void => {
  const found = concerns.find(({ type }) => type === 'refuse');
  if (found !== undefined) throw new CliFailure(found.message, { hint: found.hint });
};

const isOutside = (target: string, cwd: string): boolean => {
  const way = relative(realPathOf(cwd) ?? cwd, target);
  return way === '..' || way.startsWith('../') || way.startsWith('/');
};

const statOf = (path: string): Stats | null => {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
};

const realPathOf = (path: string): string | null => {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
};
