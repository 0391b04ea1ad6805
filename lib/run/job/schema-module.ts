import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SchemaRef } from '../../core/model/config.ts';

/** The nearest folder above that has a package.json: what a project's modules are named from, wherever in it a command is typed. */
const projectOf = (folder: string): string => {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return folder;
  }
};

/** As it is stored: below the project's folder by its way from there, so that another checkout finds it too; else where it is. */
export const storedModule = (module: string, cwd: string = process.cwd()): string => {
  const isPath = module.startsWith('file:') || module.startsWith('.') || isAbsolute(module);
  if (!isPath) return module;
  const path = module.startsWith('file:') ? fileURLToPath(module) : resolve(cwd, module);
  const below = relative(projectOf(cwd), path);
  const isInside = below !== '' && !below.startsWith('..') && !isAbsolute(below);
  return isInside ? `./${below.split(sep).join('/')}` : pathToFileURL(path).href;
};

/** Where a stored module is now. */
export const moduleUrl = (stored: string, cwd: string = process.cwd()): string =>
  stored.startsWith('./') ? pathToFileURL(join(projectOf(cwd), stored)).href : stored;

/** Loads what the reference names; throws in words where there is none. */
export const loadExport = async (ref: SchemaRef, importModule: (url: string) => Promise<unknown>): Promise<unknown> => {
  const url = moduleUrl(ref.module);
  // The program that runs is not to be begun a second time, nor waited for by itself.
  if (process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href)
    throw new Error('it is the program that runs: give the schema to getRun, or keep it in a module of its own');
  const module = await importModule(url);
  const exports = module as Readonly<Record<string, unknown>>;
  if (typeof module !== 'object' || module === null || !(ref.export in exports)) throw new Error(`it exports no ${ref.export}`);
  return exports[ref.export];
};
