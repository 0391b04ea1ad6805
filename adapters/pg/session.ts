import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Pool, PoolClient } from 'pg';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { readFault, toPortError } from './pg-error.ts';

/** A row: one value per column. */
export type Row = readonly unknown[];
/** One statement in one round trip. Rejects with the server's error. */
export type Query = (
  text: string,
  values?: readonly unknown[],
) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>;

/** Access to the database. Statements and transactions are retried after transient failures. */
export interface Session {
  /** Host, database and schema for messages; never a password. */
  readonly describe: string;
  /** The quoted schema name. */
  readonly schema: string;
  readonly pool: Pool;
  /** For reads, and for writes that may happen twice. */
  query<A>(work: (query: Query) => Promise<Either<PortError, A>>): Port<A>;
  /**
   * One transaction; a left rolls it back. When the answer to its COMMIT is lost, it asks the
   * server whether the transaction counted, so that it counts once.
   */
  transaction<A>(work: (query: Query) => Promise<Either<PortError, A>>): Port<A>;
}

export interface SessionOptions {
  readonly pool: Pool;
  readonly describe: string;
  readonly schema: string;
  /** How many milliseconds transient failures are retried before an error. */
  readonly patienceMs: number;
  readonly statementTimeoutMs: number;
  /** Called with the reason for waiting, at most once per `tellEveryMs`. */
  readonly onWaiting?: ((message: string) => void) | undefined;
}

const firstWaitMs = 100;
const waitMsMax = 5_000;
const reportEveryMs = 10_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const createSession = ({
  pool,
  describe,
  schema,
  patienceMs,
  statementTimeoutMs,
  onWaiting,
}: SessionOptions): Session => {
  let reportedAtMs = -Infinity;
  const report = (message: string): void => {
    if (performance.now() - reportedAtMs < reportEveryMs) return;
    reportedAtMs = performance.now();
    onWaiting?.(message);
  };
  const opening = [
    'begin isolation level read committed',
    `set local statement_timeout = ${statementTimeoutMs}`,
    `set local lock_timeout = ${statementTimeoutMs}`,
    // Releases the locks of a client that stalls in a transaction, so that a new owner need not
    // wait for a dead connection.
    `set local idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    // Acknowledged commits must be durable, whatever the role's or database's default.
    "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'",
    'select txid_current()::text as xid',
  ].join('; ');

  /** Runs with a connection of its own, which is discarded after a transient failure. */
  const withClient = async <A>(work: (client: PoolClient) => Promise<A>): Promise<A> => {
    const client = await pool.connect();
    let fault: Error | undefined;
    // A connection that breaks while idle emits the error here, and again at the next query.
    const onError = (error: Error): void => {
      fault = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      fault = error as Error;
      throw error;
    } finally {
      client.off('error', onError);
      client.release(fault !== undefined && readFault(fault, '').isTransient ? fault : undefined);
    }
  };

  const patiently = <A>(attempt: () => Promise<Either<PortError, A>>): Port<A> => {
    return async () => {
      const begunMs = performance.now();
      for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, waitMsMax)) {
        try {
          return await attempt();
        } catch (error) {
          const isOver = performance.now() - begunMs + waitMs > patienceMs;
          const { isTransient: isWeather, message } = readFault(error, describe);
          if (!isWeather || isOver) return left(toPortError(error, describe));
          report(message);
        }
        await wait(waitMs);
      }
    };
  };

  return {
    describe,
    schema,
    pool,
    query: (work) => patiently(() => work(queryOn(pool))),
    transaction: (work) => {
      type Done = Awaited<ReturnType<typeof work>>;
      return () => {
        /** The transaction whose COMMIT was sent but not answered. */
        let unanswered: { readonly xid: string; readonly done: Done } | null = null;
        const attempt = async (client: PoolClient): Promise<Done> => {
          if (unanswered !== null && (await hasCounted(client, unanswered.xid)))
            return unanswered.done;
          unanswered = null;
          try {
            const begun = (await client.query(opening)) as unknown as readonly {
              readonly rows: readonly { readonly xid: string }[];
            }[];
            const done = await work(queryOn(client));
            if (!isLeft(done))
              unanswered = { xid: begun[begun.length - 1]?.rows[0]?.xid ?? '', done };
            await client.query(isLeft(done) ? 'rollback' : 'commit');
            return done;
          } catch (error) {
            // The connection must not return to the pool inside a transaction.
            if (!readFault(error, '').isTransient)
              await client.query('rollback').catch(() => undefined);
            throw error;
          }
        };
        return patiently(() => withClient(attempt))();
      };
    },
  };
};

/**
 * Whether a transaction counted. False when the server no longer knows it, for example after a
 * failover; then it is made again.
 */
const hasCounted = async (client: PoolClient, xid: string): Promise<boolean> => {
  const { rows } = await client
    .query<{ readonly status: string | null }>('select txid_status($1::bigint) as status', [xid])
    .catch((error: unknown) => {
      if (readFault(error, '').isTransient) throw error;
      return { rows: [] };
    });
  const status = rows[0]?.status;
  // The server has not noticed yet that the connection is lost.
  if (status === 'in progress')
    throw Object.assign(new Error('the last transaction is still in progress'), { code: '55P03' });
  return status === 'committed';
};

export const queryOn =
  (client: Pick<PoolClient, 'query'>): Query =>
  async (text, values = []) => {
    const { rows, rowCount } = await client.query<Row[] & Record<number, unknown>>({
      text,
      values: [...values],
      rowMode: 'array',
    });
    return { rows: rows as unknown as readonly Row[], count: rowCount ?? 0 };
  };

/** The answer of a query that can only fail with the database. */
export const found = <A>(value: A): Either<PortError, A> => right(value);
