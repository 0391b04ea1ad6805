import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CliFailure } from './failure.ts';
import { readText } from './read-text.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** An environment, and which of its variables come from the file alone. */
export interface LoadedEnv {
  readonly env: Env;
  readonly fromFile: ReadonlySet<string>;
}

/**
 * The environment with what the folder's `.env` adds: the caller's own variables win. Node's rules
 * of quoting.
 */
export const withEnvFile = (env: Env, folder: string): LoadedEnv => {
  const text = readIfThere(join(folder, '.env'));
  if (text === null) return { env, fromFile: new Set() };
  const file = parseEnv(text.replace(/^\u{FEFF}/u, ''));
  const added = Object.entries(file).filter(([name]) => env[name] === undefined);
  return {
    env: { ...env, ...Object.fromEntries(added) },
    fromFile: new Set(added.map(([name]) => name)),
  };
};

const readIfThere = (path: string): string | null => {
  try {
    return readText(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    // No file, or a folder of that name (a Python environment often is): nothing to load.
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return null;
    throw new CliFailure(`${path} cannot be read (${String(code)})`, {
      hint: 'Correct its permissions, or remove it.',
    });
  }
};
