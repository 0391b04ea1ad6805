import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import { isAmbiguous, looksLikeAddress, maskedAddress } from '../../lib/run/view/masked-address.ts';
import type { CliContext } from './context.ts';
import { type LoadedEnv, withEnvFile } from './env-file.ts';
import { CliFailure } from './failure.ts';
import { writeNotes } from '../print/render.ts';
import { quoted } from './quoted.ts';
import { type StoreConcern, storeConcerns } from './store-trust.ts';

export { quoted };

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
      /** Hears why the database is waited for. */
      readonly onWaiting: (message: string) => void;
    };

/** Where a command works: its environment, and its store. */
export interface Place {
  readonly loaded: LoadedEnv;
  readonly store: StorePlace;
  /** For people. */
  readonly storeName: string;
  /** For commands shown to the user: how to name the same store again; empty where it goes without saying. */
  readonly storeFlag: string;
  /** What is odd about who controls the store. */
  readonly concerns: readonly StoreConcern[];
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
  if (!isDatabase && looksLikeAddress(named))
    throw new CliFailure('the store is neither a folder nor a postgresql:// address', {
      hint: `${addressForm}. A folder of such a name is given with its path: --store ./NAME`,
    });
  if (isDatabase && isDoubtful(named))
    throw new CliFailure('the address of the store can be read in two ways', {
      hint: `Encode @ / ? # of its password as %40 %2F %3F %23. ${addressForm}.`,
    });
  const isOfFile = flags.store === undefined && loaded.fromFile.has('BATCHOR_STORE');
  // A folder's file must not lead a password away that was not meant for it: the driver sends it to whatever server asks.
  if (isDatabase && isOfFile && !hasPassword(named) && (context.env['PGPASSWORD'] ?? '') !== '')
    throw new CliFailure(`BATCHOR_STORE (${maskedAddress(named)}) comes from .env, PGPASSWORD from the environment`, {
      hint: `Should the password go there, say so: --store ${quoted(maskedAddress(named))}`,
    });
  const artifacts = flags.artifacts ?? (isDatabase ? fromEnv('BATCHOR_ARTIFACTS') : undefined);
  if (artifacts !== undefined && looksLikeAddress(artifacts))
    throw new CliFailure('--artifacts is not a folder', { hint: 'A folder of such a name is given with its path: --artifacts ./NAME' });
  if (!isDatabase && artifacts !== undefined)
    throw new CliFailure('--artifacts belongs to a store in a database', { hint: 'A store in a folder keeps its payloads itself.' });
  const onWaiting = (message: string): void => writeNotes(context, [`batchor: waiting for the database: ${message}`]);
  const store: StorePlace = isDatabase
    ? { ...databaseOf(named), artifactFolder: artifacts === undefined ? null : resolve(context.cwd, artifacts), onWaiting }
    : { type: 'folder', path: resolve(context.cwd, named) };
  const isNamed = flags.store !== undefined || (fromEnv('BATCHOR_STORE') !== undefined && !isOfFile);
  const shown = store.type === 'folder' ? named : maskedAddress(named);
  return {
    loaded,
    store,
    storeName: store.type === 'folder' ? store.path : shown,
    concerns: store.type === 'folder' ? storeConcerns({ path: store.path, cwd: context.cwd, isNamed }, process.getuid?.() ?? null) : [],
    storeFlag:
      (flags.store === undefined ? '' : ` --store ${quoted(shown)}`) +
      (flags.artifacts === undefined ? '' : ` --artifacts ${quoted(flags.artifacts)}`),
  };
};

const hasPassword = (dsn: string): boolean => URL.canParse(dsn) && new URL(dsn).password !== '';

const addressForm = 'It reads postgresql://user:password@host:5432/database?schema=batchor';

/** Addresses without a host (`user@/database?host=…`) are read by the driver alone. */
const isDoubtful = (dsn: string): boolean => URL.canParse(dsn) && isAmbiguous(dsn);

/** The schema is no word of the server's: it is taken out of what the server is told, also where no host is named (`user@/database?host=…`). */
const databaseOf = (dsn: string): { readonly type: 'postgres'; readonly dsn: string; readonly schema: string | null } => {
  const queryAt = dsn.indexOf('?');
  const params = new URLSearchParams(queryAt < 0 ? '' : dsn.slice(queryAt + 1));
  const schema = params.get('schema');
  if (schema === null) return { type: 'postgres', dsn, schema };
  params.delete('schema');
  const rest = params.toString();
  return { type: 'postgres', dsn: dsn.slice(0, queryAt) + (rest === '' ? '' : `?${rest}`), schema };
};

/** A look must not make a store. */
export const requireStore = ({ store }: Place): void => {
  if (store.type !== 'folder' || existsSync(store.path)) return;
  throw new CliFailure(`there is no store in ${store.path}`, {
    hint: 'Name the folder that the run was started with: --store FOLDER, or BATCHOR_STORE.',
  });
};

/** A command that the user may type next. */
export const commandLine = (place: Place, command: string, runId: string, rest = ''): string =>
  `batchor ${command} --run-id ${runId}${place.storeFlag}${rest === '' ? '' : ` ${rest}`}`;

/** The library's commands name no store: named like ours, they work as they are pasted. */
export const withStoreNamed = ({ storeFlag }: Pick<Place, 'storeFlag'>, text: string): string =>
  text
    .replace(/`batchor [a-z-]{1,40} --run-id [\w.-]{1,120}(?=[ `])/gu, (command) => `${command}${storeFlag}`)
    .replace(/`batchor (?:list|doctor)(?=`| --repair)/gu, (command) => `${command}${storeFlag}`);

/** A summary as it is printed: the commands in its messages name the store, too. */
export const summaryInPlace = (place: Pick<Place, 'storeFlag'>, summary: JsonObject): JsonObject =>
  place.storeFlag === '' ? summary : (namedIn(place, summary) as JsonObject);

const namedIn = (place: Pick<Place, 'storeFlag'>, value: JsonValue | undefined): JsonValue => {
  if (typeof value === 'string') return withStoreNamed(place, value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((each) => namedIn(place, each));
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, namedIn(place, each)]))
    : (value ?? null);
};
