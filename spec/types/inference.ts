// Property order does not matter; generators, inline sources and column lists infer.
import { BatchRunner, defineJob, type JobOutput, type JobPayload } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { jsonlSource } from 'batchor/adapters/jsonl';
import { openai } from 'batchor/adapters/openai';
import * as z from 'zod';
import { same, type Same } from './same.ts';
const a = defineJob({
  buildPrompt: ({ payload }) => ({ messages: [{ role: 'user', content: payload.text }] }),
  structuredOutput: z.object({ a: z.string() }),
  providerConfig: openai({ endpoint: 'chat.completions', model: 'm' }),
  source: csvSource('x.csv', {
    columns: ['id', 'text'],
    itemId: 'id',
    payload: (row) => ({ text: row.text }),
  }),
});
same<Same<JobOutput<typeof a>, { a: string }>>();
same<Same<JobPayload<typeof a>, { text: string }>>();
async function* gen() {
  yield { itemId: 'x', payload: 1n, metadata: { k: 'v' } };
}
const r = await new BatchRunner().start({
  buildPrompt: ({ payload, metadata }) => `${payload * 2n} ${metadata?.k}`,
  items: gen(),
  providerConfig: openai({ model: 'm' }),
});
for await (const x of r.results()) same<Same<typeof x.metadata.k, string>>();
const inlineSource = await new BatchRunner().start({
  source: jsonlSource('x', {
    rowSchema: z.object({ id: z.string(), q: z.number() }),
    itemId: 'id',
  }),
  buildPrompt: ({ payload }) => payload.q.toFixed(2),
  providerConfig: openai({ model: 'm' }),
});
console.log(inlineSource.runId);
export const wide = csvSource('x.csv', { itemId: 'anything' });
