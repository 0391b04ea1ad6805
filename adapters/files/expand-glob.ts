import { lstat } from 'node:fs/promises';
import { dirname, isAbsolute, resolve, sep } from 'node:path';

/**
 * The files that a pattern means, `/` between the names of a path: relative to `cwd`, or absolute
 * where the pattern is. Patterns have `*` and `?` within a name, `**` for any folders, `[abc]`,
 * `[!a-z]` and `{one,two}`; a backslash before one of these takes it as it is (on Windows a
 * backslash parts names, and nothing is taken so). A name that is the pattern itself, to the
 * letter, matches too. Hidden files and folders are matched only where the pattern writes their
 * dot. Files only; links to files count, links to folders are followed only where the pattern names
 * them outright, so that no file comes twice by them. Sorted name by name along the path, by UTF-16
 * code units independent of the locale: `a/z` comes before `a.csv`. Nothing matches: []. A string
 * without any of these characters is returned as it is, whether or not there is such a file.
 */
export const expandGlob = async (pattern: string, cwd: string): Promise<readonly string[]> => {
  const parted = sep === '\\' ? pattern.replaceAll('\\', '/') : pattern;
  if (!GLOB.test(parted.replaceAll(ESCAPED, ''))) return [parted.replaceAll(ESCAPED, '$1')];
  const { glob } = await import('tinyglobby');
  // To the library a leading ! would mean: all but these; and parentheses, alternatives.
  const found = await glob([parted.replace(/^!|[()|]/g, '\\$&')], {
    cwd,
    absolute: isAbsolute(parted),
    dot: false,
    onlyFiles: true,
    expandDirectories: false,
    extglob: false,
    // Else links to files are left out too; what comes by a linked folder is sorted out below.
    followSymbolicLinks: true,
  });
  const names = parted.split('/');
  const fixed = names.findIndex((name) => GLOB.test(name));
  const fixedFolder = resolve(
    cwd,
    names.slice(0, fixed).join('/') || (isAbsolute(parted) ? '/' : '.'),
  );
  const isLink = rememberedLinks();
  const kept: string[] = [];
  for (const path of found)
    if (!(await passesLink(resolve(cwd, path), fixedFolder, isLink))) kept.push(path);
  return kept.toSorted(byNames);
};

/**
 * True if a folder on the way from `top`, which the pattern names outright, to the file is a link.
 */
const passesLink = async (
  path: string,
  top: string,
  isLink: (folder: string) => Promise<boolean>,
): Promise<boolean> => {
  for (let folder = dirname(path); folder.length > top.length; folder = dirname(folder))
    if (await isLink(folder)) return true;
  return false;
};

const rememberedLinks = (): ((folder: string) => Promise<boolean>) => {
  const known = new Map<string, boolean>();
  return async (folder) => {
    const is = known.get(folder) ?? (await lstat(folder)).isSymbolicLink();
    known.set(folder, is);
    return is;
  };
};

const GLOB = /[*?[{]/;
const ESCAPED = /\\([*?[\]{}])/g;

const byNames = (one: string, other: string): number => {
  const [names, others] = [one.split('/'), other.split('/')];
  for (const [depth, name] of names.entries()) {
    const beside = others[depth];
    if (beside === undefined) return 1;
    if (name !== beside) return name < beside ? -1 : 1;
  }
  return names.length - others.length;
};
