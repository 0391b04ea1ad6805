import { isLeft, right } from 'fp-ts/lib/Either.js';
import { hostname } from 'node:os';
import { Client, Pool, type PoolConfig } from 'pg';
import type { Port } from '../../lib/ports/port-error.ts';
import type { RunStore, Storage } from '../../lib/ports/run-store.ts';
import { migrate } from './migrate.ts';
import { createRunStore } from './run-store.ts';
import { createSession } from './session.ts';

/**
 * Where the database is: a pool of one's own, or everything that `pg` takes (`connectionString`, `ssl`, `max`, `host`, …). The
 * connection string is a secret: it is never stored, logged or put into an error.
 */
export type PgStoreOptions = (PoolConfig | { readonly pool: Pool }) & {
  /** The schema of the tables; one store each. Default `batchor`. */
  readonly schema?: string;
  /** Make or upgrade the tables when the store is opened. Default true; `existing` makes none where there is no store; false changes nothing, and says what is missing. */
  readonly migrate?: boolean | 'existing';
  /** How long a database that cannot be reached is asked again before the run is given up for now. Default 60,000. */
  readonly patienceMs?: number;
  /** A statement that takes longer is given up. Default 60,000. */
  readonly statementTimeoutMs?: number;
  /** Hears, at most every 10 seconds, why the database is waited for: it is away, restarts, or takes no writes. */
  readonly onWaiting?: (message: string) => void;
};

const leaseTtlMsDefault = 30_000;
/** An idle connection that breaks is replaced at the next question; unheard, it would end the process. Once per pool, whoever shares it. */
const onIdleError = (): void => undefined;

/**
 * Runs in a Postgres database, for as many processes as there are connections: one owner per run at a time, by leases whose time is
 * the database's. Payloads lie elsewhere: whoever shares the database shares `artifacts` too.
 */
export const pgStore = (options: PgStoreOptions): Storage<'shared'> => {
  const { schema = 'batchor', patienceMs = 60_000, statementTimeoutMs = 60_000 } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,47}$/.test(schema))
    throw new TypeError(
      `pgStore({ schema }): ${JSON.stringify(schema)} is no name for a schema: 1 to 48 of A-Z a-z 0-9 _, not a digit first`,
    );
  // It reads the connection string, and connects nowhere.
  const { host, port, database, user } = new Client('pool' in options ? options.pool.options : configOf(options));
  const isDoubtful = [user, host, database].some((part) => /[@?#]|:\/\//.test(part ?? ''));
  // A password that is not encoded ends up in the wrong part of its address.
  const describe = isDoubtful
    ? `Postgres …, schema ${schema}`
    : `Postgres ${user ?? ''}@${host}:${port}/${database ?? ''}, schema ${schema}`;
  return {
    scope: 'shared',
    describe,
    open:
      ({ artifacts, owner = `${hostname()} process ${process.pid}`, leaseTtlMs = leaseTtlMsDefault } = {}): Port<RunStore> =>
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
        // Whoever opens a store is told at once that it is not there.
        const migrated = await migrate(session(0), options.migrate ?? true)();
        if (isLeft(migrated)) {
          await end();
          return migrated;
        }
        return right(createRunStore({ session: session(patienceMs), artifacts: artifacts ?? null, owner, leaseTtlMs, end }));
      },
  };
};

/** Everything of the caller's, and what a durable runner would want where the caller said nothing. */
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
    // The server gives a statement up; this is for a server that went silent.
    query_timeout: statementTimeoutMs + 15_000,
    ...config,
  };
};
