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

/** The store of the runs: a folder of this machine, or a database that machines can share. */
export type StorePlace =
  | { readonly type: 'folder'; readonly path: string }
  | {
      readonly type: 'postgres';
      /** A secret: it may hold a password. */
      readonly dsn: string;
      /** Null: the store's own default. */
      readonly schema: string | null;
      /** Folder of the payloads; null: not given, only commands that need no payloads work. */
      readonly artifactFolder: string | null;
      /** Receives the reason while the command waits for the database. */
      readonly onWaiting: (message: string) => void;
    };

/** The environment and store of a command. */
export interface Place {
  readonly loaded: LoadedEnv;
  readonly store: StorePlace;
  /** For people. */
  readonly storeName: string;
  /** Flags that name the same store in commands shown to the user; empty for the default store. */
  readonly storeFlag: string;
  /** Warnings about other users who control the store. */
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
  if (flags.store?.trim() === '')
    throw new CliFailure('--store is empty', {
      hint: 'Name a folder or a postgresql:// address. Without the flag the store is BATCHOR_STORE, else .batchor.',
    });
  if (flags.artifacts?.trim() === '')
    throw new CliFailure('--artifacts is empty', { hint: 'Name the folder of the payloads.' });
  const named = flags.store ?? fromEnv('BATCHOR_STORE') ?? '.batchor';
  const isDatabase = /^postgres(ql)?:\/\//iu.test(named);
  // As a folder it would be created, with the password of the address in its name.
  if (!isDatabase && looksLikeAddress(named))
    throw new CliFailure('the store is neither a folder nor a postgresql:// address', {
      hint: `${addressForm}. To use a folder of that name, give its path: --store ./NAME`,
    });
  if (isDatabase && hasTwoReadings(named))
    throw new CliFailure('the address of the store can be read in two ways', {
      hint: `Encode @ / ? # of its password as %40 %2F %3F %23. ${addressForm}.`,
    });
  const isOfFile = flags.store === undefined && loaded.fromFile.has('BATCHOR_STORE');
  // A .env file in a folder must not redirect PGPASSWORD: the driver sends it to any server that
  // asks.
  if (isDatabase && isOfFile && !hasPassword(named) && (context.env['PGPASSWORD'] ?? '') !== '')
    throw new CliFailure(
      `BATCHOR_STORE (${maskedAddress(named)}) comes from .env, PGPASSWORD from the environment`,
      {
        hint: `To send the password there, confirm the store: --store ${quoted(maskedAddress(named))}`,
      },
    );
  const artifacts = flags.artifacts ?? (isDatabase ? fromEnv('BATCHOR_ARTIFACTS') : undefined);
  if (artifacts !== undefined && looksLikeAddress(artifacts))
    throw new CliFailure('--artifacts is not a folder', {
      hint: 'To use a folder of that name, give its path: --artifacts ./NAME',
    });
  if (!isDatabase && artifacts !== undefined)
    throw new CliFailure('--artifacts is only for a store in a database', {
      hint: 'A store in a folder keeps its payloads itself.',
    });
  const onWaiting = (message: string): void =>
    writeNotes(context, [`batchor: waiting for the database: ${message}`]);
  const store: StorePlace = isDatabase
    ? {
        ...databaseOf(named),
        artifactFolder: artifacts === undefined ? null : resolve(context.cwd, artifacts),
        onWaiting,
      }
    : { type: 'folder', path: resolve(context.cwd, named) };
  const isNamed =
    flags.store !== undefined || (fromEnv('BATCHOR_STORE') !== undefined && !isOfFile);
  const shown = store.type === 'folder' ? named : maskedAddress(named);
  return {
    loaded,
    store,
    storeName: store.type === 'folder' ? store.path : shown,
    concerns:
      store.type === 'folder'
        ? storeConcerns({ path: store.path, cwd: context.cwd, isNamed }, process.getuid?.() ?? null)
        : [],
    storeFlag:
      (flags.store === undefined ? '' : ` --store ${quoted(shown)}`) +
      (flags.artifacts === undefined ? '' : ` --artifacts ${quoted(flags.artifacts)}`),
  };
};

const hasPassword = (dsn: string): boolean => URL.canParse(dsn) && new URL(dsn).password !== '';

const addressForm = 'The form is postgresql://user:password@host:5432/database?schema=batchor';

/** Addresses without a host (`user@/database?host=…`) are read by the driver alone. */
const hasTwoReadings = (dsn: string): boolean => URL.canParse(dsn) && isAmbiguous(dsn);

/**
 * Splits `schema` off the address, since the server does not know that parameter. Works without a
 * host too (`user@/database?host=…`).
 */
const databaseOf = (
  dsn: string,
): { readonly type: 'postgres'; readonly dsn: string; readonly schema: string | null } => {
  const queryAt = dsn.indexOf('?');
  const params = new URLSearchParams(queryAt < 0 ? '' : dsn.slice(queryAt + 1));
  const schema = params.get('schema');
  if (schema === null) return { type: 'postgres', dsn, schema };
  params.delete('schema');
  const rest = params.toString();
  return { type: 'postgres', dsn: dsn.slice(0, queryAt) + (rest === '' ? '' : `?${rest}`), schema };
};

/** Reading must not create a store. */
export const requireStore = ({ store }: Place): void => {
  if (store.type !== 'folder' || existsSync(store.path)) return;
  throw new CliFailure(`there is no store in ${store.path}`, {
    hint: 'Name the store that the run was started with: --store FOLDER, or BATCHOR_STORE.',
  });
};

/** A command that the user may type next. */
export const commandLine = (
  place: Pick<Place, 'storeFlag'>,
  command: string,
  runId: string,
  rest = '',
): string =>
  `batchor ${command} --run-id ${runId}${place.storeFlag}${rest === '' ? '' : ` ${rest}`}`;

/** Adds the store to the commands in the library's messages, so that they work when pasted. */
export const withStoreNamed = ({ storeFlag }: Pick<Place, 'storeFlag'>, text: string): string =>
  text
    .replace(
      /`batchor [a-z-]{1,40} --run-id [\w.-]{1,120}(?=[ `])/gu,
      (command) => `${command}${storeFlag}`,
    )
    .replace(/`batchor (?:list|doctor)(?=`| --repair)/gu, (command) => `${command}${storeFlag}`);

/** The summary to print: commands in its messages name the store. */
export const summaryInPlace = (place: Pick<Place, 'storeFlag'>, summary: JsonObject): JsonObject =>
  place.storeFlag === '' ? summary : (namedIn(place, summary) as JsonObject);

const namedIn = (place: Pick<Place, 'storeFlag'>, value: JsonValue | undefined): JsonValue => {
  if (typeof value === 'string') return withStoreNamed(place, value);
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).map((each) => namedIn(place, each));
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, namedIn(place, each)]))
    : (value ?? null);
};
