import type { PoolClient } from 'pg';
import type { RunId } from '../../lib/core/ids.ts';
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

/**
 * Hears what is said, on a connection of its own, while anybody listens. What is said while the connection is down is not heard:
 * whoever listens looks from time to time all the same.
 */
export const createNotices = ({ pool, schema }: Session): Notices => {
  const listeners = new Set<(news: RunNews) => void>();
  let connection: Promise<PoolClient | null> | null = null;
  let isStopped = false;

  const connect = async (): Promise<PoolClient | null> => {
    try {
      const client = await pool.connect();
      client.on('notification', ({ payload }) => {
        const [type, runId] = (payload ?? '').split(' ');
        if (type !== 'command' && type !== 'released') return;
        for (const listener of listeners) listener({ type, runId: runId as RunId });
      });
      client.on('error', (error) => {
        client.release(error);
        again();
      });
      await client.query(`listen "${channelOf(schema)}"`);
      return client;
    } catch {
      again();
      return null;
    }
  };
  const again = (): void => {
    connection = null;
    if (isStopped || listeners.size === 0) return;
    setTimeout(() => {
      if (!isStopped && listeners.size > 0) connection ??= connect();
    }, retryMs).unref();
  };

  return {
    listen(listener) {
      listeners.add(listener);
      connection ??= connect();
      return () => listeners.delete(listener);
    },
    async stop() {
      isStopped = true;
      listeners.clear();
      const client = await connection;
      connection = null;
      // Closed rather than given back: it would go on listening.
      client?.release(true);
    },
  };
};
