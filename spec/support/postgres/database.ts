import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/**
 * A database of the specs' server that nobody else uses: for programs that name their schema
 * themselves.
 */
export interface TestDatabase {
  readonly url: string;
  /** True after: nothing of it is left, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

export const newDatabase = async (
  server: string = inject('postgresUrl'),
): Promise<TestDatabase> => {
  const name = `spec_${randomBytes(6).toString('hex')}`;
  const ask = async (text: string): Promise<void> => {
    const client = new Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await ask(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => ask(`drop database if exists ${name} with (force)`) };
};
