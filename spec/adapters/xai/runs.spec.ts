import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type FaultScript, startEmulator } from '../../../adapters/emulator/index.ts';
import { createXai } from '../../../adapters/xai/index.ts';
import { BatchRunner, memoryStore } from '../../../lib/index.ts';
import { secret } from '../openai/stub.ts';

const backoff = { initialMs: 10, factor: 2, maxMs: 100 };

const stand = async (faults: FaultScript, more: object = {}) => {
  const emulator = await startEmulator({
    provider: 'xai',
    apiKey: secret,
    turnaroundMs: { min: 100, max: 200 },
    validationMs: 10,
    finalizingMs: 10,
    faults,
    ...more,
  });
  const xai = createXai({ name: 'own', baseURL: emulator.baseURL, apiKey: secret });
  const runner = new BatchRunner({ storage: memoryStore(), providers: [xai] });
  return {
    emulator,
    xai,
    runner,
    job: {
      items: Array.from({ length: 25 }, (_, i) => ({ itemId: `i${i}`, payload: i })),
      buildPrompt: ({ payload }: { readonly payload: number }) => `What is ${payload}?`,
      providerConfig: xai({ model: 'grok-4.3', pollIntervalMs: 30, createGraceMs: 400 }),
      chunkPolicy: { maxRequests: 10 },
      retryPolicy: { batchBackoff: backoff, itemBackoff: backoff },
    },
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
};

/** What may go wrong. */
const unkind: readonly (readonly [string, FaultScript])[] = [
  ['nothing', []],
  ['requests whose addition got no answer', [{ type: 'lose_create_reply', batch: 2 }]],
  ['requests that never arrive', [{ type: 'drop_create', batch: 1, times: 1 }]],
  [
    'requests that arrive after their batch was cancelled',
    [{ type: 'create_lands_late', batch: 1, forMs: 1_500 }],
  ],
  [
    'requests that are refused for a while',
    [{ type: 'http_error', operation: 'create_batch', statusCode: 429, times: 2 }],
  ],
  [
    'batches that cannot be made for a while',
    [{ type: 'http_error', operation: 'create_file', statusCode: 503, times: 2 }],
  ],
  ['counts that lag', [{ type: 'not_found_after_create', everyBatch: 1, forMs: 200 }]],
  [
    'pages that break off',
    [{ type: 'truncated_download', everyBatch: 1, keepRatio: 0.4, times: 2 }],
  ],
];

describe('a run at xAI', () => {
  it.each(unkind)('answers each row, and pays for none twice, after %s', async (_title, faults) => {
    await using at = await stand(faults);
    const run = await at.runner.start(at.job);
    await run.wait();
    expect(run.summary()).toMatchObject({ status: 'completed', itemCounts: { completed: 25 } });
    // What was still under way has come by then.
    await at.emulator.advance(10_000);
    expect(at.emulator.ledger).toMatchObject({ doubleBilledCount: 0, requestsBilled: 25 });
    expect(await run.verify()).toMatchObject({ isSound: true });
  });

  it('reads failures from the same pages, and thoughts as output', async () => {
    await using at = await stand([
      {
        type: 'rows_fail',
        ratio: 0.3,
        statusCode: 400,
        message: 'Model is not supported for batch processing',
      },
    ]);
    const run = await at.runner.runAndWait({ ...at.job, retryPolicy: { maxAttempts: 1 } });
    const results = await run.results().toArray();
    const failed = results.flatMap((result) =>
      result.status === 'completed' ? [] : [result.error.message],
    );
    expect(failed.length).toBeGreaterThan(0);
    for (const message of failed) expect(message).toContain('not supported');
    for (const { usage, status } of results)
      if (status === 'completed') {
        expect(usage?.outputTokens).toBeGreaterThanOrEqual(usage?.reasoningTokens ?? 0);
        expect(usage?.outputTokens).toBeGreaterThan(0);
      }
  });

  it('gives typed objects for a schema, and what they cost', async () => {
    const City = z.object({ name: z.string(), people: z.number().int() });
    await using at = await stand([]);
    const run = await at.runner.runAndWait({ ...at.job, structuredOutput: City });
    for (const result of await run.results().toArray()) {
      if (result.status !== 'completed') throw new Error(result.error.message);
      expect(City.parse(result.output)).toEqual(result.output);
    }
    expect(run.summary().cost.spentUsd).toBeGreaterThan(0);
  });

  it('pauses where the account has no credit, and sends nothing more', async () => {
    await using at = await stand([
      { type: 'create_refused', reason: 'insufficient_quota', batch: 1 },
    ]);
    const run = await at.runner.start({ ...at.job, items: at.job.items.slice(0, 5) });
    await expect(run.wait()).rejects.toMatchObject({ details: { reason: 'insufficient_quota' } });
    expect(at.emulator.ledger).toMatchObject({ batchesCreated: 0, requestsBilled: 0 });
  });
});
