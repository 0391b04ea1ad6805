// Your own client: Azure, a proxy, a compatible service. The run stores only the connection's name.
import { BatchRunner } from 'batchor';
import { createOpenAI } from 'batchor/adapters/openai';
import { AzureOpenAI } from 'openai';

declare function azureAdTokenProvider(): Promise<string>;

const azure = createOpenAI({
  name: 'azure-sweden',
  client: new AzureOpenAI({
    endpoint: 'https://example.openai.azure.com',
    apiVersion: '2025-04-01-preview',
    azureADTokenProvider: azureAdTokenProvider,
  }),
});
const local = createOpenAI({ name: 'vllm', baseURL: 'http://127.0.0.1:8000/v1', apiKey: 'unused' });

await using runner = new BatchRunner({ providers: [azure, local] });
for (const connection of [azure, local]) {
  const run = await runner.start({
    items: [{ itemId: 'row1', payload: 'Hello' }],
    buildPrompt: ({ payload }) => payload,
    providerConfig: connection({ model: 'my-batch-deployment', endpoint: 'chat.completions' }),
  });
  console.log(run.runId, run.snapshot().config.provider.connection); // 'azure-sweden', 'vllm'
}

// In another process the same name finds the credentials again.
await using later = new BatchRunner({ providers: [azure] });
const run = await later.getRun('batchor_20260403T120000Z_ab12cd34');
await run.wait();
