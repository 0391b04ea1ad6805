import type { TestProject } from 'vitest/node';
import { startTestServer, type TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** The server of this run, started for the first project that asks. */
let started: Promise<TestServer> | null = null;
let users = 0;

/** One Postgres for all specs: the one that `BATCHOR_TEST_POSTGRES_URL` names, else a throwaway one. Without either nothing is tested. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const given = process.env['BATCHOR_TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    return () => Promise.resolve();
  }
  users += 1;
  started ??= startTestServer();
  const server = await started;
  project.provide('postgresUrl', server.url);
  return async () => {
    users -= 1;
    if (users === 0) await server.dispose();
  };
};
