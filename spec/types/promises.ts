// What must not compile, and what must be inferred. Each line is a promise of the design.
import {
  BatchRunner,
  type BatchJob,
  defineJob,
  type JobMetadata,
  type JobOutput,
  type JobPayload,
  memoryStore,
} from 'batchor';
import { createOpenAI, openai } from 'batchor/adapters/openai';
import { pgStore } from 'batchor/adapters/pg';
import { csvSource } from 'batchor/adapters/csv';
import reviews from '../../docs/examples/18-cli-job.ts';
import { same, type Same } from './same.ts';

same<Same<JobPayload<typeof reviews>, Readonly<Record<'review_id' | 'stars' | 'text', string>>>>();
same<Same<JobMetadata<typeof reviews>, { stars: number }>>();
same<Same<JobOutput<typeof reviews>, { sentiment: 'good' | 'bad' | 'mixed'; topics: string[] }>>();

const items = [{ itemId: 'a', payload: 'x' }];
const providerConfig = openai({ model: 'gpt-4.1-mini' });
same<Same<JobOutput<ReturnType<typeof text>>, string>>();
function text() {
  return defineJob({ items, buildPrompt: ({ payload }) => payload, providerConfig });
}

// Any job fits a list of jobs.
export const anyJobs: readonly BatchJob[] = [reviews, text()];

// A handle got with its job is as typed as the one that start returned.
export async function rehydrate(runner: BatchRunner) {
  const run = await runner.getRun('x', { job: reviews });
  for await (const r of run.results()) {
    if (r.status === 'completed') same<Same<typeof r.output.sentiment, 'good' | 'bad' | 'mixed'>>();
    else same<Same<typeof r.error.retryable, boolean>>();
    same<Same<typeof r.metadata.stars, number>>();
  }
  const untyped = await runner.getRun('x');
  for await (const r of untyped.results())
    if (r.status === 'completed') same<Same<typeof r.output, unknown>>();
}

// @ts-expect-error no key in what is persisted: createOpenAI({ apiKey }) holds it
openai({ model: 'gpt-4.1-mini', apiKey: 'sk-…' });
// @ts-expect-error nor headers
openai({ model: 'gpt-4.1-mini', headers: { authorization: 'x' } });
// @ts-expect-error a client of your own already has its key
createOpenAI({ apiKey: 'sk-…', client: {} as never as import('openai').OpenAI });
// @ts-expect-error several machines share the rows: say where they share the files
new BatchRunner({ storage: pgStore({ connectionString: 'postgres://…' }) });
new BatchRunner({ storage: memoryStore() });
defineJob({
  items,
  // @ts-expect-error items or source, not both
  source: csvSource('a.csv', { columns: ['id'], itemId: 'id' }),
  buildPrompt: () => 'x',
  providerConfig,
});
defineJob({
  // @ts-expect-error a Date does not come back from storage as a Date
  items: [{ itemId: 'a', payload: 1, metadata: { at: new Date() } }],
  buildPrompt: () => 'x',
  providerConfig,
});
// @ts-expect-error no such column
csvSource('a.csv', { columns: ['id', 'text'], itemId: 'uuid' });
defineJob({
  items,
  // @ts-expect-error the message shape is the endpoint's
  buildPrompt: () => ({ messages: [{ role: 'nobody', content: 'x' }] }),
  providerConfig: openai({ model: 'm', endpoint: 'chat.completions' }),
});
// @ts-expect-error parameters are the endpoint's
openai({ model: 'm', endpoint: 'embeddings', params: { temperature: 0 } });
