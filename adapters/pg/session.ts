import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Pool, PoolClient } from 'pg';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { readFault, toPortError } from './pg-error.ts';

/** A row as it comes: one value per column. */
export type Row = readonly unknown[];
/** One statement, one round trip. Rejects with what the server says. */
export type Ask = (text: string, values?: readonly unknown[]) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>;

/** The way to the database: statements and transactions, tried again while the weather is bad. */
export interface Session {
  /** For messages: host, database, schema; never a password. */
  readonly describe: string;
  /** The schema as SQL names it, quoted. */
  readonly schema: string;
  readonly pool: Pool;
  /** Reads, or a write that may be made twice. */
  ask<A>(work: (ask: Ask) => Promise<Either<PortError, A>>): Port<A>;
  /** One transaction; a left rolls it back. Where the answer to its commit is lost the server is asked what became of it: it counts once. */
  transaction<A>(work: (ask: Ask) => Promise<Either<PortError, A>>): Port<A>;
}

export interface SessionOptions {
  readonly pool: Pool;
  readonly describe: string;
  readonly schema: string;
  /** How long the weather may be bad before it is said. */
  readonly patienceMs: number;
  readonly statementTimeoutMs: number;
  /** Hears why the database is waited for: at most once in `tellEveryMs`. */
  readonly onWaiting?: ((message: string) => void) | undefined;
}

const firstWaitMs = 100;
const waitMsMax = 5_000;
const tellEveryMs = 10_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const createSession = ({ pool, describe, schema, patienceMs, statementTimeoutMs, onWaiting }: SessionOptions): Session => {
  let toldAtMs = -Infinity;
  const tell = (message: string): void => {
    if (performance.now() - toldAtMs < tellEveryMs) return;
    toldAtMs = performance.now();
    onWaiting?.(message);
  };
  const opening = [
    'begin isolation level read committed',
    `set local statement_timeout = ${statementTimeoutMs}`,
    `set local lock_timeout = ${statementTimeoutMs}`,
    // A client that stands still in the middle gives its locks back: whoever takes over need not wait for a dead connection.
    `set local idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
    // What is acknowledged is durable, whatever this role, or this database, was told for its other work.
    "select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'",
    'select txid_current()::text as xid',
  ].join('; ');

  /** Runs with a connection of its own, which is thrown away when it fails. */
  const withClient = async <A>(work: (client: PoolClient) => Promise<A>): Promise<A> => {
    const client = await pool.connect();
    let fault: Error | undefined;
    // A connection that breaks while nothing is asked says so here, and again at the next question.
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
      client.release(fault !== undefined && readFault(fault, '').isWeather ? fault : undefined);
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
          const { isWeather, message } = readFault(error, describe);
          if (!isWeather || isOver) return left(toPortError(error, describe));
          tell(message);
        }
        await wait(waitMs);
      }
    };
  };

  return {
    describe,
    schema,
    pool,
    ask: (work) => patiently(() => work(askOn(pool))),
    transaction: (work) => {
      type Done = Awaited<ReturnType<typeof work>>;
      return () => {
        /** A commit that was sent and not answered. */
        let unanswered: { readonly xid: string; readonly done: Done } | null = null;
        const attempt = async (client: PoolClient): Promise<Done> => {
          if (unanswered !== null && (await hasCounted(client, unanswered.xid))) return unanswered.done;
          unanswered = null;
          try {
            const begun = (await client.query(opening)) as unknown as readonly { readonly rows: readonly { readonly xid: string }[] }[];
            const done = await work(askOn(client));
            if (!isLeft(done)) unanswered = { xid: begun[begun.length - 1]?.rows[0]?.xid ?? '', done };
            await client.query(isLeft(done) ? 'rollback' : 'commit');
            return done;
          } catch (error) {
            // Else the connection would go back to the pool in the middle of a transaction.
            if (!readFault(error, '').isWeather) await client.query('rollback').catch(() => undefined);
            throw error;
          }
        };
        return patiently(() => withClient(attempt))();
      };
    },
  };
};

/** What became of a transaction. Where the server does not know any more (another one took its place) it is made again. */
const hasCounted = async (client: PoolClient, xid: string): Promise<boolean> => {
  const { rows } = await client
    .query<{ readonly status: string | null }>('select txid_status($1::bigint) as status', [xid])
    .catch((error: unknown) => {
      if (readFault(error, '').isWeather) throw error;
      return { rows: [] };
    });
  const status = rows[0]?.status;
  // Its server process has not noticed yet that nobody listens.
  if (status === 'in progress') throw Object.assign(new Error('the last transaction is still under way'), { code: '55P03' });
  return status === 'committed';
};

export const askOn =
  (client: Pick<PoolClient, 'query'>): Ask =>
  async (text, values = []) => {
    const { rows, rowCount } = await client.query<Row[] & Record<number, unknown>>({ text, values: [...values], rowMode: 'array' });
    return { rows: rows as unknown as readonly Row[], count: rowCount ?? 0 };
  };

/** What a look at the database answers that cannot go wrong but for the database itself. */
export const found = <A>(value: A): Either<PortError, A> => right(value);
