// Money first: quote, cap, canary; and an enqueue budget shared by all runs of the scope.
import { BatchRunner, defineJob, isBatchorError } from 'batchor';
import { jsonlSource } from 'batchor/adapters/jsonl';
import { openai } from 'batchor/adapters/openai';

const job = defineJob({
  source: jsonlSource('input/million.jsonl', { itemId: (row) => String(row['id']) }),
  buildPrompt: ({ payload }) => String(payload['text']),
  providerConfig: openai({
    model: 'gpt-4.1-mini',
    params: { max_output_tokens: 300 },
    pollIntervalMs: 30_000,
    enqueueLimits: {
      enqueuedTokenLimit: 2_000_000,
      targetRatio: 0.7,
      headroom: 50_000,
      maxBatchEnqueuedTokens: 500_000,
    },
  }),
  chunkPolicy: { maxRequests: 20_000, planAfterMs: 30_000 },
  retryPolicy: { maxAttempts: 3, raiseOutputTokensTo: 1_200 },
  budget: { costUsdMax: 25 },
  canary: { items: 50, passRatioMin: 0.9 },
  circuitBreaker: { failedBatchesMax: 3 },
});

await using runner = new BatchRunner();
const quote = await runner.quote(job, { outputTokensPerItem: 180 });
console.log(
  `${quote.batches} batches, expected ${quote.costUsd ?? 'unknown'} USD, at worst ${quote.worstCaseUsd ?? 'unknown'} USD`,
);

const run = await runner.start(job);
try {
  await run.wait();
} catch (error) {
  if (!isBatchorError(error, 'run_paused')) throw error;
  if (error.details.reason !== 'budget_exhausted') throw error;
  console.log(`paused: ${error.details.message ?? ''}`);
  await run.resume({ costUsdMax: 40 });
  await run.wait();
}
const { itemCounts, cost } = run.summary();
console.log(`${itemCounts.completed} answers for ${cost.spentUsd ?? 'unknown'} USD`);
