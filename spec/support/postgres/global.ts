import type { TestProject } from 'vitest/node';
import { startTestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One Postgres for all specs: the one that `BATCHOR_TEST_POSTGRES_URL` names, else a throwaway one. Without either nothing is tested. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const given = process.env['BATCHOR_TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    return () => Promise.resolve();
  }
  const server = await startTestServer();
  project.provide('postgresUrl', server.url);
  return () => server.dispose();
};
