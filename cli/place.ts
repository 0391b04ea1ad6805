import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliContext } from './context.ts';
import { type LoadedEnv, withEnvFile } from './env-file.ts';
import { CliFailure } from './failure.ts';

/** Where runs are kept: in a folder of this machine, or in a database that others may share. */
export type StorePlace =
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'postgres';
      /** A secret: it may hold a password. */
      readonly dsn: string;
      /** Null: the store's own default. */
      readonly schema: string | null;
      /** Where payloads lie; null: it was not said, and what needs none can be done. */
      readonly artifactFolder: string | null;
    };

/** Where a command works: its environment, and its store. */
export interface Place {
  readonly loaded: LoadedEnv;
  readonly store: StorePlace;
  /** For people. */
  readonly storeName: string;
  /** For commands shown to the user: how to name the same store again; empty where it goes without saying. */
  readonly storeFlag: string;
}

export interface StoreFlags {
  readonly store: string | undefined;
  readonly artifacts: string | undefined;
}

/** `--store`, else `BATCHOR_STORE`, else `.batchor`. */
export const placeOf = (context: CliContext, flags: StoreFlags): Place => {
  const loaded = withEnvFile(context.env, context.cwd);
  const fromEnv = (name: string): string | undefined => {
    const value = loaded.env[name]?.trim() ?? '';
    return value === '' ? undefined : value;
  };
  const named = flags.store ?? fromEnv('BATCHOR_STORE') ?? '.batchor';
  const isDatabase = /^postgres(ql)?:\/\//iu.test(named);
  // Taken for a folder it would be made, with the password of the address in its name.
  if (!isDatabase && /^[\w+.-]+:\/\//u.test(named))
    throw new CliFailure('the store is neither a folder nor a postgresql:// address', {
      hint: 'It reads postgresql://user:password@host:5432/database?schema=batchor',
    });
  const artifacts = flags.artifacts ?? (isDatabase ? fromEnv('BATCHOR_ARTIFACTS') : undefined);
  if (!isDatabase && artifacts !== undefined)
    throw new CliFailure('--artifacts belongs to a store in a database', { hint: 'A store in a folder keeps its payloads itself.' });
  const store: StorePlace = isDatabase
    ? databaseOf(named, artifacts === undefined ? null : resolve(context.cwd, artifacts))
    : { type: 'folder', path: resolve(context.cwd, named) };
  const shown = store.type === 'folder' ? named : withoutPassword(named);
  return {
    loaded,
    store,
    storeName: store.type === 'folder' ? store.path : shown,
    storeFlag:
      (flags.store === undefined ? '' : ` --store ${quoted(shown)}`) +
      (flags.artifacts === undefined ? '' : ` --artifacts ${quoted(flags.artifacts)}`),
  };
};

/** The schema is no word of the server's: it is taken out of what the server is told, also where no host is named (`user@/database?host=…`). */
const databaseOf = (dsn: string, artifactFolder: string | null): StorePlace => {
  const queryAt = dsn.indexOf('?');
  const params = new URLSearchParams(queryAt < 0 ? '' : dsn.slice(queryAt + 1));
  const schema = params.get('schema');
  if (schema === null) return { type: 'postgres', dsn, schema, artifactFolder };
  params.delete('schema');
  const rest = params.toString();
  return { type: 'postgres', dsn: dsn.slice(0, queryAt) + (rest === '' ? '' : `?${rest}`), schema, artifactFolder };
};

const withoutPassword = (dsn: string): string => {
  if (!URL.canParse(dsn)) return 'postgresql://…';
  const url = new URL(dsn);
  url.password = '';
  for (const secret of ['password', 'sslpassword']) url.searchParams.delete(secret);
  return url.href;
};

/** A look must not make a store. */
export const requireStore = ({ store }: Place): void => {
  if (store.type !== 'folder' || existsSync(store.path)) return;
  throw new CliFailure(`there is no store in ${store.path}`, {
    hint: 'Name the folder that the run was started with: --store FOLDER, or BATCHOR_STORE.',
  });
};

/** The same text for a shell. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** A command that the user may type next. */
export const commandLine = (place: Place, command: string, runId: string, rest = ''): string =>
  `batchor ${command} --run-id ${runId}${place.storeFlag}${rest === '' ? '' : ` ${rest}`}`;
