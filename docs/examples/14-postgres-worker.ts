// Many workers, one Postgres. A web process starts runs; workers carry them, and take over from the
// dead.
import { BatchRunner, defineJob } from 'batchor';
import { filesystemArtifacts } from 'batchor/adapters/filesystem';
import { jsonlSource } from 'batchor/adapters/jsonl';
import { openai } from 'batchor/adapters/openai';
import { pgStore } from 'batchor/adapters/pg';

const connectionString = process.env['DATABASE_URL'];
if (connectionString === undefined) throw new Error('DATABASE_URL is not set');

export const nightly = defineJob({
  name: 'nightly-labels',
  source: jsonlSource('shared/input/today.jsonl', { itemId: (row) => String(row['id']) }),
  buildPrompt: ({ payload }) => String(payload['text']),
  providerConfig: openai({ model: 'gpt-4.1-mini' }),
});

const shared = {
  storage: pgStore({ connectionString, schema: 'batchor' }),
  artifactStore: filesystemArtifacts({ dir: 'shared/batchor' }), // required: several machines need the same files
} as const;

export async function startFromWeb(): Promise<string> {
  await using runner = new BatchRunner({ ...shared, autorun: false });
  const run = await runner.start(nightly, {
    runId: `nightly_${new Date().toISOString().slice(0, 10)}`,
  });
  return run.runId;
}

export async function worker(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  await using runner = new BatchRunner({ ...shared, leaseTtlMs: 30_000 });
  runner.events$.subscribe((event) => console.log(event.runId, event.eventType));
  // `jobs` lets a worker finish the ingestion of a run whose starter died; after ingestion no job
  // is needed.
  await runner.work({ jobs: [nightly], runsMax: 8, signal: stop.signal });
}
