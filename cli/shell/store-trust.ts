import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { join, relative } from 'node:path';
import { CliFailure } from './failure.ts';

/** A folder store to check for other users' access. */
export interface StoreToTrust {
  readonly path: string;
  /** Relative paths start here: the user's project. */
  readonly cwd: string;
  /** The user named it (`--store`, `BATCHOR_STORE`): concerns are then warnings, not errors. */
  readonly isNamed: boolean;
}

/**
 * A risk of a store: `refuse` if prompts and keys would go to a folder that another user controls,
 * or that a link leads to.
 */
export interface StoreConcern {
  readonly type: 'refuse' | 'warn';
  readonly message: string;
  readonly hint: string;
}

/**
 * Checks the store and its `runs` folder; missing folders raise no concern. Systems without file
 * owners are not checked.
 */
export const storeConcerns = (
  { path, cwd, isNamed }: StoreToTrust,
  uid: number | null,
): readonly StoreConcern[] => {
  if (uid === null) return [];
  return [path, join(path, 'runs')].flatMap((place): readonly StoreConcern[] => {
    const link = statOf(place);
    if (link === null) return [];
    const target = link.isSymbolicLink() ? realPathOf(place) : place;
    if (target === null)
      return [
        {
          type: 'refuse',
          message: `${place} is a link that leads nowhere`,
          hint: 'Remove it, or name another store: --store FOLDER',
        },
      ];
    const found = statOf(target);
    return [
      ...(link.isSymbolicLink() && isOutside(target, cwd)
        ? ledAway(place, target, path, isNamed)
        : []),
      ...[link, ...(found === null || target === place ? [] : [found])]
        .filter((stats) => isForeign(stats, uid))
        .map(({ uid: owner }) => foreign(place, owner, isNamed)),
      ...(found !== null && found.isDirectory() && (found.mode & 0o022) !== 0
        ? [writable(target, found.mode)]
        : []),
    ].slice(0, 1);
  });
};

/** Root owns what it opens, and trusts root alone; others trust themselves and root. */
const isForeign = ({ uid }: Stats, ours: number): boolean =>
  ours !== 0 && uid !== ours && uid !== 0;

/**
 * A named store may be a link. A link inside of it still gets a warning, because the user did not
 * name that one.
 */
const ledAway = (
  place: string,
  target: string,
  store: string,
  isNamed: boolean,
): readonly StoreConcern[] =>
  isNamed && place === store
    ? []
    : [
        {
          type: isNamed ? 'warn' : 'refuse',
          message: `${place} is a link that leads out of this folder, to ${target}`,
          hint: `Prompts and answers would be written there. To allow it, name the store: --store ${place === store ? target : store}`,
        },
      ];

const foreign = (place: string, owner: number, isNamed: boolean): StoreConcern => ({
  type: isNamed ? 'warn' : 'refuse',
  message: `${place} belongs to another user (uid ${owner}), who can read and change the stored runs`,
  hint: isNamed
    ? 'Use your own store: --store FOLDER'
    : `Use your own store: --store FOLDER. To use this one, name it: --store ${place}`,
});

const writable = (place: string, mode: number): StoreConcern => ({
  type: 'warn',
  message: `${(mode & 0o002) === 0 ? 'the group' : 'every user of this machine'} can write to ${place} and change the stored runs`,
  hint: `chmod go-w ${place}`,
});

/**
 * Throws for the first concern that forbids writing prompts to the store, or sending a key to an
 * address stored there.
 */
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
