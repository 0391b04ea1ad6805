import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groupsOf } from './groups.ts';
import { doorsOf, programOf } from './surface.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Another name of `batchor/adapters/filestore`. */
const WITHOUT_PAGE = ['batchor/adapters/sqljs'];

const INTERNAL = 'batchor/core/internal';

/** A door that has a page. */
export interface Entry {
  readonly door: string;
  /** Its declarations, as the pages read them. */
  readonly path: string;
  /** The first paragraph of its page. */
  readonly intro: string;
  /** The heading that a name stands under. */
  readonly headings: ReadonlyMap<string, string>;
}

/** The index file of a door, which its declarations are made of. */
const indexOf = (dist: string, path: string): string =>
  join(root, relative(dist, path).replace(/\.d\.ts$/, '.ts'));

/** The docstring at the top of an index file: the first paragraph of its page. */
const introOf = (index: string): string =>
  (/^\/\*\*([^]*?)\*\//.exec(readFileSync(index, 'utf8'))?.[1] ?? '')
    .replaceAll(/^ *\* ?/gm, '')
    .trim();

/** The headings of each door's page, by the names that stand under them. */
const groupsIn = (dist: string, doors: ReadonlyMap<string, string>) => {
  const program = programOf(doors);
  const checker = program.getTypeChecker();
  const exportsOf = (modulePath: string): readonly string[] => {
    const file = program.getSourceFile(join(dist, relative(root, `${modulePath}.d.ts`)));
    const symbol = file && checker.getSymbolAtLocation(file);
    return symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name);
  };
  return new Map(
    [...doors].map(([door, path]) => {
      const index = indexOf(dist, path);
      return [door, groupsOf(index, readFileSync(index, 'utf8'), exportsOf)];
    }),
  );
};

/**
 * Gives the internal door as one that names each export. A name of several doors is described in
 * the first one that declares it and referred to in the others, and whole modules that a door
 * re-exports come before names, wherever the door stands.
 */
const internalByName = (dist: string, aside: string): string => {
  const path = join(dist, 'lib/core/internal.d.ts');
  const program = programOf(new Map([['internal', path]]));
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const symbol = file && checker.getSymbolAtLocation(file);
  const names = symbol === undefined ? [] : checker.getExportsOfModule(symbol);
  const named = join(aside, 'internal.d.ts');
  const list = names.map(({ name }) => `  ${name},\n`).join('');
  const from = path.replace(/\.d\.ts$/, '.js');
  writeFileSync(named, `export {\n${list}} from ${JSON.stringify(from)};\n`);
  return named;
};

/** The doors of a build that have pages, in the order of the list of pages. */
export const entriesOf = (dist: string, aside: string): readonly Entry[] => {
  const doors = new Map([...doorsOf(dist)].filter(([door]) => !WITHOUT_PAGE.includes(door)));
  const groups = groupsIn(dist, doors);
  return [...doors].map(([door, path]) => ({
    door,
    path: door === INTERNAL ? internalByName(dist, aside) : path,
    intro: introOf(indexOf(dist, path)),
    headings: groups.get(door) ?? new Map(),
  }));
};

/** The order in which doors are read: a name is described by the first that has it. */
export const inReadingOrder = (entries: readonly Entry[]): readonly Entry[] =>
  entries.toSorted((a, b) => Number(a.door === INTERNAL) - Number(b.door === INTERNAL));
