import { type Either, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PoolClient } from 'pg';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { toPortError } from './pg-error.ts';
import { type Query, queryOn, type Session } from './session.ts';

/** How a reader sees the tables. */
export interface View {
  /** True when each query sees the newest commits. */
  readonly mayMove: boolean;
  query<A>(work: (query: Query) => Promise<Either<PortError, A>>): Port<A>;
  /** Lets later queries see newer commits. */
  refresh(): Port<void>;
  close(): Promise<void>;
}

/** Each query in a transaction of its own. */
export const movingView = (session: Session, mayMove: boolean): View => ({
  mayMove,
  query: session.query,
  refresh: () => TE.right(undefined),
  close: () => Promise.resolve(),
});

const unheard = (): void => undefined;
const give = (client: PoolClient, error?: Error): void => {
  client.off('error', unheard);
  client.release(error);
};

/**
 * All queries in one transaction with one consistent state. It uses a connection of its own until
 * it is closed.
 */
export const stillView = ({ pool, describe }: Session): View => {
  let opening: Promise<PoolClient> | null = null;
  const open = async (): Promise<PoolClient> => {
    const client = await pool.connect();
    // Without a listener, a connection that breaks would end the process. The next query reports
    // it.
    client.on('error', unheard);
    try {
      // No idle timeout: verifying a large run reads its files between two queries.
      await client.query(
        'begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = 0',
      );
      return client;
    } catch (error) {
      give(client, error as Error);
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    const client = await opening?.catch(() => null);
    opening = null;
    if (!client) return;
    await client.query('rollback').then(
      () => give(client),
      (error: Error) => give(client, error),
    );
  };
  return {
    mayMove: false,
    query: (work) => async () => {
      try {
        opening ??= open();
        const client = await opening.catch((error: unknown) => {
          // The first query failed, so the next one may begin the transaction.
          opening = null;
          throw error;
        });
        return await work(queryOn(client));
      } catch (error) {
        return left(toPortError(error, describe));
      }
    },
    refresh: () => async () => {
      await close();
      return right(undefined);
    },
    close,
  };
};
