import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ProviderConnection } from '../../lib/ports/provider.ts';
import { isCliConnection } from '../job/providers.ts';
import { CliFailure } from './failure.ts';

/** Something that a module of the user's exports. */
export interface ModuleExport {
  /** As it was typed, for messages. */
  readonly given: string;
  readonly absolute: string;
  readonly export: string;
}

/** Parses `./labels.ts#Label`, relative to the folder of the command. */
export const parseModuleExport = (
  flag: string,
  text: string,
  cwd: string,
  standard: string | null,
): ModuleExport => {
  const at = text.lastIndexOf('#');
  const [path, name] = at < 0 ? [text, standard ?? ''] : [text.slice(0, at), text.slice(at + 1)];
  if (path === '' || name === '')
    throw new CliFailure(`${flag} ${JSON.stringify(text)}: must name a module and an export`, {
      hint: `For example ${flag} ./labels.ts#Label`,
    });
  return { given: text, absolute: resolve(cwd, path), export: name };
};

const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/u.test(path);

/** Imports a module; TypeScript is translated in memory, without being checked. */
export const importModule = async (url: string): Promise<unknown> => {
  const path = url.startsWith('file:') ? fileURLToPath(url) : null;
  if (path === null || !isTypeScript(path)) return import(url) as Promise<unknown>;
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, { fsCache: false, interopDefault: true }).import(path);
};

/** Connections that job modules export, by name: a run is opened before its module is known. */
const brought = new Map<
  string,
  { readonly connection: ProviderConnection; readonly absolute: string }
>();
export const broughtConnection = (name: string): ProviderConnection | undefined =>
  brought.get(name)?.connection;

/**
 * Registers the connection under its name. Throws if the name is taken: two accounts must not be
 * confused.
 */
export const bringConnection = (
  flag: string,
  { given, absolute }: ModuleExport,
  connection: ProviderConnection,
): void => {
  const { name } = connection;
  const hint = `Give it a name of its own: createOpenAI({ name: 'NAME', … })`;
  if (isCliConnection(name))
    throw new CliFailure(
      `${flag} ${given}: its connection has the name ${name}, which is the command line's own`,
      { hint },
    );
  const known = brought.get(name);
  if (known !== undefined && known.absolute !== absolute)
    throw new CliFailure(
      `${flag} ${given}: the module ${known.absolute} brings a connection with the name ${name}, too`,
      { hint },
    );
  brought.set(name, { connection, absolute });
};

/** The module's export of that name. Throws an error that names the flag if there is none. */
export const loadExportOf = async (flag: string, place: ModuleExport): Promise<unknown> => {
  const { given, absolute, export: name } = place;
  if (!existsSync(absolute)) throw new CliFailure(`${flag} ${given}: there is no file ${absolute}`);
  if (absolute.endsWith('.json'))
    throw new CliFailure(`${flag} ${given}: a JSON file exports nothing`, {
      hint: 'Give only the file, without #.',
    });
  const stopListening = onUntimelyEnd(`${flag} ${given}`);
  try {
    const module = (await importModule(pathToFileURL(absolute).href)) as Readonly<
      Record<string, unknown>
    >;
    const { providers } = module;
    const exported = [
      ...Object.values(module),
      ...(Array.isArray(providers) ? (providers as readonly unknown[]) : []),
    ];
    for (const each of exported)
      if (isConnection(each) && !isCliConnection(each.name)) bringConnection(flag, place, each);
    const found = await module[name];
    if (found !== undefined) return found;
    const names = Object.keys(module).filter((key) => key !== '__esModule');
    throw new CliFailure(`${flag} ${given}: the module exports no ${name}`, {
      hint: `It exports ${names.length === 0 ? 'nothing' : names.join(', ')}.`,
    });
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure(
      `${flag} ${given}: the module cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'The module must load on its own: with its packages installed, and without starting your program.',
      },
    );
  } finally {
    stopListening();
  }
};

const isConnection = (value: unknown): value is ProviderConnection =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as Partial<ProviderConnection>).name === 'string' &&
  typeof (value as Partial<ProviderConnection>).connect === 'function';

/** Makes a module that ends the program, or never finishes loading, an error. */
const onUntimelyEnd = (what: string): (() => void) => {
  const listener = (): void => {
    process.stderr.write(
      `batchor: ${what}: the module ended the program, or never finished loading\n`,
    );
    process.exitCode = 1;
  };
  process.once('exit', listener);
  return () => void process.off('exit', listener);
};
