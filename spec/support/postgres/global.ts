import type { TestProject } from 'vitest/node';
import { type PreparedPostgres, startTestServer, type TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    /** Null where the server is not ours. */
    preparedPostgres: PreparedPostgres | null;
  }
}

/**
 * The server of this run, started for the first project that asks. Each project loads this file for
 * itself.
 */
const run = globalThis as {
  batchorPostgres?: { readonly server: Promise<TestServer>; users: number };
};

/**
 * One Postgres for all specs: the one that `BATCHOR_TEST_POSTGRES_URL` names, else a throwaway one.
 * Without either nothing is tested.
 */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const given = process.env['BATCHOR_TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    project.provide('preparedPostgres', null);
    return () => Promise.resolve();
  }
  const shared = (run.batchorPostgres ??= { server: startTestServer(), users: 0 });
  shared.users += 1;
  const server = await shared.server;
  project.provide('postgresUrl', server.url);
  project.provide('preparedPostgres', server.prepared);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete run.batchorPostgres;
    await server.dispose();
  };
};
