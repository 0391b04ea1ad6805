import { isLeft, right } from 'fp-ts/lib/Either.js';
import { hostname } from 'node:os';
import { Client, Pool, type PoolConfig } from 'pg';
import type { Port } from '../../lib/ports/port-error.ts';
import type { RunStore, Storage } from '../../lib/ports/run-store.ts';
import { migrate } from './migrate.ts';
import { createRunStore } from './run-store.ts';
import { createSession } from './session.ts';

/**
 * The database: a pool, or any options of `pg` (`connectionString`, `ssl`, `max`, `host`, …). The
 * connection string is a secret: it is never stored, logged or put into an error.
 */
export type PgStoreOptions = (PoolConfig | { readonly pool: Pool }) & {
  /** The schema of the tables; one store each (default `batchor`). */
  readonly schema?: string;
  /**
   * Whether opening the store creates or upgrades the tables (default true). `existing` upgrades
   * them, but creates no store. False changes nothing; outdated tables are an error.
   */
  readonly migrate?: boolean | 'existing';
  /** How many milliseconds to retry an unreachable database before an error (default 60,000). */
  readonly patienceMs?: number;
  /** Timeout of a statement in milliseconds (default 60,000). */
  readonly statementTimeoutMs?: number;
  /**
   * Called at most every 10 seconds with the reason for waiting: the database is unreachable,
   * restarts, or takes no writes.
   */
  readonly onWaiting?: (message: string) => void;
};

const leaseTtlMsDefault = 30_000;
/**
 * Without a listener, an idle connection that breaks would end the process. The pool replaces it.
 * One listener per pool, even when stores share it.
 */
const onIdleError = (): void => undefined;

/**
 * Runs in a Postgres database, shared by many processes. Each run has one owner at a time, by a
 * lease on the database's clock. Payloads are in `artifacts`, which all processes must share.
 */
export const pgStore = (options: PgStoreOptions): Storage<'shared'> => {
  const { schema = 'batchor', patienceMs = 60_000, statementTimeoutMs = 60_000 } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(schema))
    throw new TypeError(
      `pgStore({ schema }): ${JSON.stringify(schema)} is not a valid schema name: 1 to 48 of A-Z a-z 0-9 _, not a digit first`,
    );
  // Parses the connection string without connecting.
  const { host, port, database, user } = new Client(
    'pool' in options ? options.pool.options : configOf(options),
  );
  const isMisparsed = [user, host, database].some((part) => /[@?#]|:\/\//.test(part ?? ''));
  // A password that is not URL-encoded may end up in another part of the address.
  const describe = isMisparsed
    ? `Postgres …, schema ${schema}`
    : `Postgres ${user ?? ''}@${host}:${port}/${database ?? ''}, schema ${schema}`;
  return {
    scope: 'shared',
    describe,
    open:
      ({
        artifacts,
        owner = `${hostname()} process ${process.pid}`,
        leaseTtlMs = leaseTtlMsDefault,
      } = {}): Port<RunStore> =>
      async () => {
        const isOurs = !('pool' in options);
        const pool = isOurs ? new Pool(configOf(options)) : options.pool;
        if (!pool.listeners('error').includes(onIdleError)) pool.on('error', onIdleError);
        const session = (patience: number): ReturnType<typeof createSession> =>
          createSession({
            pool,
            describe,
            schema: `"${schema}"`,
            patienceMs: patience,
            statementTimeoutMs,
            onWaiting: options.onWaiting,
          });
        const end = async (): Promise<void> => {
          if (isOurs) await pool.end().catch(() => undefined);
        };
        // Opening fails at once when the store is missing.
        const migrated = await migrate(session(0), options.migrate ?? true)();
        if (isLeft(migrated)) {
          await end();
          return migrated;
        }
        return right(
          createRunStore({
            session: session(patienceMs),
            artifacts: artifacts ?? null,
            owner,
            leaseTtlMs,
            end,
          }),
        );
      },
  };
};

/** The caller's options, with defaults for a durable runner. */
const configOf = (options: PgStoreOptions): PoolConfig => {
  const {
    schema: _schema,
    migrate: _migrate,
    patienceMs: _patience,
    onWaiting: _onWaiting,
    statementTimeoutMs = 60_000,
    ...config
  } = options as PoolConfig & {
    readonly schema?: string;
    readonly migrate?: boolean | 'existing';
    readonly patienceMs?: number;
    readonly onWaiting?: (message: string) => void;
    readonly statementTimeoutMs?: number;
  };
  return {
    application_name: 'batchor',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // The server cancels a slow statement; this limit is for a server that does not answer.
    query_timeout: statementTimeoutMs + 15_000,
    ...config,
  };
};
