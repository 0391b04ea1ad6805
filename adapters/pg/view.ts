import { type Either, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { PoolClient } from 'pg';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { toPortError } from './pg-error.ts';
import { type Ask, askOn, type Session } from './session.ts';

/** How a reader sees the tables. */
export interface View {
  /** True where each look sees what was committed until then. */
  readonly mayMove: boolean;
  ask<A>(work: (ask: Ask) => Promise<Either<PortError, A>>): Port<A>;
  /** From now on newer commits are seen. */
  refresh(): Port<void>;
  close(): Promise<void>;
}

/** Each look on its own. */
export const movingView = (session: Session, mayMove: boolean): View => ({
  mayMove,
  ask: session.ask,
  refresh: () => TE.right(undefined),
  close: () => Promise.resolve(),
});

const unheard = (): void => undefined;
const give = (client: PoolClient, error?: Error): void => {
  client.off('error', unheard);
  client.release(error);
};

/** All looks in one transaction that sees what it saw first. It takes a connection for itself, until it is closed. */
export const stillView = ({ pool, describe }: Session): View => {
  let opening: Promise<PoolClient> | null = null;
  const open = async (): Promise<PoolClient> => {
    const client = await pool.connect();
    // A connection that breaks says so at the next look, too; unheard, it would end the process.
    client.on('error', unheard);
    try {
      // A long look is no idle one: whoever verifies a large run reads its files between two questions.
      await client.query('begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = 0');
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
    ask: (work) => async () => {
      try {
        opening ??= open();
        const client = await opening.catch((error: unknown) => {
          // Nothing was seen yet: the next look may be the first.
          opening = null;
          throw error;
        });
        return await work(askOn(client));
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
