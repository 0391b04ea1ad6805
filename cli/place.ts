import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliContext } from './context.ts';
import { type LoadedEnv, withEnvFile } from './env-file.ts';
import { CliFailure } from './failure.ts';

/** Where a command works: its environment, and the folder of its store. */
export interface Place {
  readonly loaded: LoadedEnv;
  readonly storeFolder: string;
  /** For commands shown to the user: how to name the same store again; empty where it goes without saying. */
  readonly storeFlag: string;
}

/** `--store`, else `BATCHOR_STORE`, else `.batchor`. */
export const placeOf = (context: CliContext, store: string | undefined): Place => {
  const loaded = withEnvFile(context.env, context.cwd);
  const named = loaded.env['BATCHOR_STORE']?.trim() ?? '';
  return {
    loaded,
    storeFolder: resolve(context.cwd, store ?? (named === '' ? '.batchor' : named)),
    storeFlag: store === undefined ? '' : ` --store ${quoted(store)}`,
  };
};

/** A look must not make a store. */
export const requireStore = (place: Place): void => {
  if (existsSync(place.storeFolder)) return;
  throw new CliFailure(`there is no store in ${place.storeFolder}`, {
    hint: 'Name the folder that the run was started with: --store FOLDER, or BATCHOR_STORE.',
  });
};

/** The same text for a shell. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** A command that the user may type next. */
export const commandLine = (place: Place, command: string, runId: string, rest = ''): string =>
  `batchor ${command} --run-id ${runId}${place.storeFlag}${rest === '' ? '' : ` ${rest}`}`;
