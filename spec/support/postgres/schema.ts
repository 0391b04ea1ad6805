import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/** A schema of the specs' server that nobody else uses. */
export interface TestSchema {
  readonly url: string;
  readonly name: string;
  query(text: string): Promise<readonly Record<string, unknown>[]>;
  drop(): Promise<void>;
}

export const newSchema = (url: string = inject('postgresUrl')): TestSchema => {
  const name = `spec_${randomBytes(6).toString('hex')}`;
  const query = async (text: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url,
    name,
    query,
    drop: async () => {
      await query(`drop schema if exists ${name} cascade`);
    },
  };
};
