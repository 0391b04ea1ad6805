// Beyond a prompt: full messages with an image, tools, or the whole request body, typed by the
// OpenAI SDK.
import { readFile } from 'node:fs/promises';
import { BatchRunner } from 'batchor';
import { openai } from 'batchor/adapters/openai';

await using runner = new BatchRunner();
const receipts = [{ itemId: 'r1', payload: { path: 'scans/r1.png', detail: 'high' as const } }];

const messages = await runner.start({
  items: receipts,
  buildPrompt: async ({ payload }) => ({
    messages: [
      { role: 'developer', content: 'Read the total.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What was paid?' },
          {
            type: 'input_image',
            detail: payload.detail,
            image_url: `data:image/png;base64,${(await readFile(payload.path)).toString('base64')}`,
          },
        ],
      },
    ],
  }),
  providerConfig: openai({ model: 'gpt-4.1', reasoningEffort: 'low' }),
});

const bodies = await runner.start({
  items: receipts,
  buildPrompt: ({ payload }) => ({
    body: {
      messages: [{ role: 'user', content: payload.path }],
      temperature: 0,
      logprobs: true,
      top_logprobs: 3,
      seed: 7,
    },
  }),
  providerConfig: openai({
    model: 'gpt-4.1-mini',
    endpoint: 'chat.completions',
    params: { max_completion_tokens: 50 },
  }),
});

await Promise.all([messages.wait(), bodies.wait()]);
