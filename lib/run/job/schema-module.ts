import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SchemaRef } from '../../core/model/config.ts';

/** The nearest parent folder with a package.json. Module paths are relative to it. */
const projectOf = (folder: string): string => {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return folder;
  }
};

/** The stored form: relative to the project, so that another checkout finds it; else a URL. */
export const storedModule = (module: string, cwd: string = process.cwd()): string => {
  const isPath = module.startsWith('file:') || module.startsWith('.') || isAbsolute(module);
  if (!isPath) return module;
  const path = module.startsWith('file:') ? fileURLToPath(module) : resolve(cwd, module);
  const below = relative(projectOf(cwd), path);
  const isInside = below !== '' && !below.startsWith('..') && !isAbsolute(below);
  return isInside ? `./${below.split(sep).join('/')}` : pathToFileURL(path).href;
};

/** The current URL of a stored module. */
export const moduleUrl = (stored: string, cwd: string = process.cwd()): string =>
  stored.startsWith('./') ? pathToFileURL(join(projectOf(cwd), stored)).href : stored;

/** Imports the export that the reference names. Throws an Error that says why it cannot. */
export const loadExport = async (
  ref: SchemaRef,
  importModule: (url: string) => Promise<unknown>,
): Promise<unknown> => {
  const url = moduleUrl(ref.module);
  // The running program must not be started a second time, nor wait for itself.
  if (process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href)
    throw new Error(
      'it is the running program: give the schema to getRun, or move it to its own module',
    );
  const module = await importModule(url);
  const exports = module as Readonly<Record<string, unknown>>;
  if (typeof module !== 'object' || module === null || !(ref.export in exports))
    throw new Error(`it has no export ${ref.export}`);
  return exports[ref.export];
};
