// Embeddings: the endpoint decides what buildPrompt may return and what output is.
import { BatchRunner } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { openai } from 'batchor/adapters/openai';

await using runner = new BatchRunner();
const run = await runner.runAndWait({
  source: csvSource('input/products.csv', {
    columns: ['sku', 'title', 'description'],
    itemId: 'sku',
  }),
  buildPrompt: ({ payload }) => `${payload.title}\n${payload.description}`,
  providerConfig: openai({
    model: 'text-embedding-3-small',
    endpoint: 'embeddings',
    params: { dimensions: 256 },
  }),
});

for await (const result of run.results()) {
  if (result.status === 'completed')
    console.log(result.itemId, result.output.length, Math.hypot(...result.output).toFixed(3));
}
