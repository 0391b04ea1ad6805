import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The fields of package.json that a user meets. */
export interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<
    Record<string, string | { readonly types: string; readonly default: string }>
  >;
}

/** The package as a user gets it, unpacked into a project that depends on it. */
export interface Packed {
  /** All of it; the caller removes it. */
  readonly scratch: string;
  /** The user's project. */
  readonly project: string;
  /** The package in the project's node_modules. */
  readonly folder: string;
  /** Every file of it, relative to its folder. */
  readonly files: readonly string[];
  readonly manifest: Manifest;
}

/**
 * Packs what is built, as `npm publish` would, and installs it without a network: its dependencies
 * are the project's own.
 */
export const pack = (): Packed => {
  const scratch = mkdtempSync(join(tmpdir(), 'batchor-pack-'));
  const project = join(scratch, 'project');
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', scratch], {
    cwd: root,
    stdio: 'pipe',
  });
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  const folder = join(modules, 'batchor');
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', join(scratch, tarball), '-C', folder, '--strip-components=1']);
  for (const name of readdirSync(join(root, 'node_modules')).filter(
    (each) => !each.startsWith('.'),
  )) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return {
    scratch,
    project,
    folder,
    files: entries.map((entry) => relative(folder, join(entry.parentPath, entry.name))).toSorted(),
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest,
  };
};

/**
 * What a user may import: every name in `exports`, a pattern once for each folder that it matches.
 */
export const doorsOf = ({ manifest, folder }: Packed): readonly string[] =>
  Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .flatMap((key) => (key.includes('*') ? foldersMatching(key, folder) : [key]))
    .map((key) => key.replace(/^\./, 'batchor'));

const foldersMatching = (key: string, folder: string): readonly string[] => {
  const parent = join(folder, 'dist', key.slice(0, key.indexOf('*')));
  const names = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .filter(({ name }) => existsSync(join(parent, name, 'index.js')))
    .map(({ name }) => key.replace('*', name));
};
