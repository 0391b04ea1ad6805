// Three files, one run, one checkpoint. Equal ids in different files do not collide; the order is
// part of the identity.
import { BatchRunner, compositeSource } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { jsonlSource } from 'batchor/adapters/jsonl';
import { openai } from 'batchor/adapters/openai';
import { parquetSource } from 'batchor/adapters/parquet';

const text = (value: unknown): { text: string } => ({ text: String(value) });

const source = compositeSource(
  [
    csvSource('input/a.csv', {
      columns: ['id', 'body'],
      itemId: 'id',
      payload: (row) => text(row.body),
    }),
    jsonlSource('input/b.jsonl', {
      itemId: (row) => String(row['id']),
      payload: (row) => text(row['body']),
    }),
    parquetSource('input/c.parquet', {
      columns: ['id', 'body', 'market'],
      itemId: (row) => String(row.id),
      payload: (row) => text(row.body),
      metadata: (row) => ({ market: String(row.market) }),
    }),
  ],
  { namespaces: ['crm', 'mail', 'shop'] },
);

await using runner = new BatchRunner();
const run = await runner.start(
  {
    source,
    buildPrompt: ({ payload }) => payload.text,
    providerConfig: openai({ model: 'gpt-4.1-mini', pollIntervalMs: 1_000 }),
  },
  { runId: 'export_20260403' },
);
await run.wait();
for await (const result of run.results()) {
  const from = result.metadata.batchor_lineage;
  console.log(result.itemId, from?.source_namespace, from?.source_primary_key);
  if ('market' in result.metadata) console.log(result.metadata.market);
}
