import { describe, expect, it } from 'vitest';
import { BatchRunner, memoryStore } from '../../../lib/index.ts';
import { createAnthropic } from '../../../adapters/anthropic/index.ts';
import { type FaultScript, startEmulator } from '../../../adapters/emulator/index.ts';
import { secret } from './service.ts';

/** What may go wrong at the service, and how many batches it then has made. */
const unkind: readonly (readonly [string, FaultScript, number])[] = [
  ['nothing', [], 3],
  ['a create whose answer is lost', [{ type: 'lose_create_reply', batch: 2 }], 3],
  ['a create that never arrives', [{ type: 'drop_create', batch: 1, times: 1 }], 3],
  ['a create that lands late', [{ type: 'create_lands_late', batch: 1, forMs: 400 }], 3],
  ['a create that arrives twice', [{ type: 'create_doubled', batch: 1 }], 4],
  ['a create answered with another batch', [{ type: 'create_answers_another', batch: 2 }], 3],
  [
    'creates while it is overloaded',
    [{ type: 'http_error', operation: 'create_batch', statusCode: 529, times: 2 }],
    3,
  ],
  ['a full queue', [{ type: 'create_refused', reason: 'over_capacity', batch: 1 }], 3],
  [
    'batches that it does not know yet',
    [{ type: 'not_found_after_create', everyBatch: 1, forMs: 300 }],
    3,
  ],
  ['results that come late', [{ type: 'files_late', batch: 1, forMs: 500 }], 3],
  ['results that are cut', [{ type: 'truncated_download', everyBatch: 1, keepRatio: 0.4 }], 3],
  ['results that are packed', [{ type: 'download_encoded', everyBatch: 1, encoding: 'gzip' }], 3],
  ['a page of a proxy for results', [{ type: 'answers_html', batch: 1 }], 3],
  ['results of another run', [{ type: 'answers_of_another', batch: 2 }], 3],
];

describe('a run at Anthropic', () => {
  it.each(unkind)(
    'answers each row, and pays for none twice, after %s',
    async (_title, faults, batchesCreated) => {
      await using emulator = await startEmulator({
        provider: 'anthropic',
        turnaroundMs: { min: 100, max: 300 },
        faults,
      });
      const anthropic = createAnthropic({ name: 'a', baseURL: emulator.baseURL, apiKey: secret });
      await using runner = new BatchRunner({ storage: memoryStore(), providers: [anthropic] });
      const run = await runner.start({
        items: Array.from({ length: 25 }, (_, i) => ({ itemId: `i${i}`, payload: i })),
        buildPrompt: ({ payload }) => `What is ${payload}?`,
        providerConfig: anthropic({
          model: 'claude-haiku-4-5',
          maxTokens: 50,
          pollIntervalMs: 50,
          createGraceMs: 1_000,
        }),
        chunkPolicy: { maxRequests: 10 },
      });
      await run.wait();
      expect(run.summary()).toMatchObject({ status: 'completed', itemCounts: { completed: 25 } });
      expect(emulator.ledger).toMatchObject({ batchesCreated, doubleBilledCount: 0 });
      expect(await run.verify()).toMatchObject({ isSound: true });
    },
  );

  it('pauses where the account has no credit, and sends nothing more', async () => {
    await using emulator = await startEmulator({
      provider: 'anthropic',
      faults: [{ type: 'create_refused', reason: 'insufficient_quota', batch: 1 }],
    });
    const anthropic = createAnthropic({ name: 'a', baseURL: emulator.baseURL, apiKey: secret });
    await using runner = new BatchRunner({ storage: memoryStore(), providers: [anthropic] });
    const run = await runner.start({
      items: [{ itemId: 'a', payload: 'a' }],
      buildPrompt: ({ payload }) => payload,
      providerConfig: anthropic({ model: 'claude-haiku-4-5' }),
    });
    await expect(run.wait()).rejects.toMatchObject({ details: { reason: 'insufficient_quota' } });
    expect(emulator.ledger).toMatchObject({ batchesCreated: 0, createAttempts: 1 });
  });
});
