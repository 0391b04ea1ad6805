import { Client } from 'pg';
import type { RunId } from '../../lib/core/values/ids.ts';
import type { RunNews } from '../../lib/ports/run-store.ts';
import type { Query, Session } from './session.ts';

/** The channel on which runs with news are announced. */
const channelOf = (schema: string): string => `batchor ${schema.slice(1, -1)}`;

/** Announces news of a run; sent when the transaction commits. */
export const notifyOf = async (
  query: Query,
  schema: string,
  { type, runId }: RunNews,
): Promise<void> => {
  await query('select pg_notify($1, $2)', [channelOf(schema), `${type} ${runId}`]);
};

export interface Notices {
  listen(listener: (news: RunNews) => void): () => void;
  stop(): Promise<void>;
}

const retryMs = 5_000;
/** How long a close waits for a connection that is still opening. */
const closeWaitMsMax = 1_000;

/**
 * Receives announcements while there are listeners, on a connection beside the pool, so that
 * commits keep all of the pool's. Announcements during a lost connection are missed, so listeners
 * also poll.
 */
export const createNotices = ({ pool, schema }: Session): Notices => {
  const listeners = new Set<(news: RunNews) => void>();
  let connection: Client | null = null;
  let isStopped = false;

  const connect = (): void => {
    if (connection !== null || isStopped || listeners.size === 0) return;
    const client = new Client(pool.options);
    connection = client;
    const fail = (): void => {
      if (connection !== client) return;
      connection = null;
      client.end().catch(() => undefined);
      setTimeout(connect, retryMs).unref();
    };
    // Stays attached until the connection is gone: it may fail more than once, also during its
    // close.
    client.on('error', fail);
    client.on('end', fail);
    client.on('notification', ({ payload }) => {
      const [type, runId] = (payload ?? '').split(' ');
      if (type !== 'command' && type !== 'released') return;
      for (const listener of listeners) listener({ type, runId: runId as RunId });
    });
    client
      .connect()
      .then(() => client.query(`listen "${channelOf(schema)}"`))
      .catch(fail);
  };

  return {
    listen(listener) {
      listeners.add(listener);
      connect();
      return () => listeners.delete(listener);
    },
    async stop() {
      isStopped = true;
      listeners.clear();
      const client = connection;
      connection = null;
      if (client === null) return;
      await Promise.race([
        client.end().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, closeWaitMsMax).unref()),
      ]);
    },
  };
};
