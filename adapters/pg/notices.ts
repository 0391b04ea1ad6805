import { Client } from 'pg';
import type { RunId } from '../../lib/core/values/ids.ts';
import type { RunNews } from '../../lib/ports/run-store.ts';
import type { Ask, Session } from './session.ts';

/** The channel on which runs of this schema are named that somebody should look at. */
const channelOf = (schema: string): string => `batchor ${schema.slice(1, -1)}`;

/** Says that something happened to the run; heard when the transaction it is part of is committed. */
export const tellOf = async (ask: Ask, schema: string, { type, runId }: RunNews): Promise<void> => {
  await ask('select pg_notify($1, $2)', [channelOf(schema), `${type} ${runId}`]);
};

export interface Notices {
  listen(listener: (news: RunNews) => void): () => void;
  stop(): Promise<void>;
}

const retryMs = 5_000;
/** A connection that was never made is not waited for when it is to be closed. */
const farewellMs = 1_000;

/**
 * Hears what is said, on a connection of its own beside the pool, while anybody listens: one of the pool's would be missing to those
 * who commit. What is said while the connection is down is not heard: whoever listens looks from time to time all the same.
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
    // Heard for as long as the connection lives: it may break more than once, also while it is closed.
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
      await Promise.race([client.end().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, farewellMs).unref())]);
    },
  };
};
