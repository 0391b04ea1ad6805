// batchor start --job ./18-cli-job.ts --run-id reviews_20260403 Where the module is, is stored with
// the run: `batchor wait` continues without the flags, and reads answers by this very schema.
import { defineJob } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { openai } from 'batchor/adapters/openai';
import * as z from 'zod';

export const Review = z.object({
  sentiment: z.enum(['good', 'bad', 'mixed']),
  topics: z.array(z.string()),
});

export default defineJob({
  name: 'reviews',
  source: csvSource('input/reviews.csv', {
    columns: ['review_id', 'stars', 'text'],
    itemId: 'review_id',
    metadata: (row) => ({ stars: Number(row.stars) }),
  }),
  buildPrompt: ({ payload, metadata }) => ({
    systemPrompt: `The customer gave ${metadata?.stars ?? 0} stars.`,
    prompt: payload.text,
  }),
  structuredOutput: Review,
  providerConfig: openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 500 } }),
  budget: { costUsdMax: 10 },
});
