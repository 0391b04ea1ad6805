import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type EmulatorOptions, startEmulator } from '../../../adapters/emulator/index.ts';
import { createGemini, type GeminiSettings } from '../../../adapters/gemini/index.ts';
import { BatchRunner, memoryStore } from '../../../lib/index.ts';
import { secret } from './stand.ts';

const itemsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ itemId: `item-${i}`, payload: `prompt ${i}` }));
const buildPrompt = ({ payload }: { readonly payload: string }): string => payload;

describe('a run at Gemini’s emulator', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  });
  /** Batches take a moment there, and expire soon. */
  const start = async (options: EmulatorOptions) => {
    const emulator = await startEmulator({
      provider: 'gemini',
      turnaroundMs: { min: 100, max: 200 },
      validationMs: 10,
      finalizingMs: 10,
      limits: { windowMs: 1_000 },
      apiKey: secret,
      ...options,
    });
    const gemini = createGemini({ name: 'own', baseURL: emulator.baseURL, apiKey: secret });
    const runner = new BatchRunner({ storage: memoryStore(), providers: [gemini] });
    ends.push(async () => {
      await runner[Symbol.asyncDispose]();
      await emulator.close();
    });
    const configOf = (settings: Partial<GeminiSettings> = {}) =>
      gemini({ model: 'gemini-2.5-flash', pollIntervalMs: 20, createGraceMs: 200, ...settings });
    return { emulator, runner, configOf };
  };

  it('reads answers and errors from one file, and pays for each row once', async () => {
    const { emulator, runner, configOf } = await start({
      faults: [
        { type: 'rows_fail', ratio: 0.5, statusCode: 503, batch: 1 },
        { type: 'lose_create_reply', batch: 2 },
        { type: 'create_doubled', batch: 4 },
        { type: 'files_late', forMs: 200, batch: 3 },
      ],
    });
    const run = await runner.runAndWait({
      items: itemsOf(100),
      buildPrompt,
      providerConfig: configOf(),
      chunkPolicy: { maxRequests: 20 },
    });
    const results = await run.results().toArray();
    expect(results.map(({ itemId }) => itemId).toSorted()).toEqual(
      itemsOf(100)
        .map(({ itemId }) => itemId)
        .toSorted(),
    );
    for (const result of results)
      expect(result).toMatchObject({
        status: 'completed',
        output: expect.stringContaining('prompt') as string,
        usage: { reasoningTokens: 32 },
      });
    expect(results.some(({ attemptCount }) => attemptCount === 2)).toBe(true);
    expect(emulator.ledger.doubleBilledCount).toBe(0);
  });

  it('sends the rows of a batch that expired again, uncharged: it keeps nothing', async () => {
    const { emulator, runner, configOf } = await start({
      faults: [{ type: 'expires', completedRatio: 0.5, batch: 1 }],
    });
    const run = await runner.runAndWait({
      items: itemsOf(10),
      buildPrompt,
      providerConfig: configOf(),
    });
    const results = await run.results().toArray();
    for (const result of results)
      expect(result).toMatchObject({
        status: 'completed',
        attemptCount: 1,
        unchargedAttemptCount: 1,
      });
    expect(emulator.ledger).toMatchObject({ requestsBilled: 10, doubleBilledCount: 0 });
  });

  it('gives typed objects for a schema with an optional property', async () => {
    const Review = z.object({ mood: z.enum(['good', 'bad']), note: z.string().optional() });
    const { runner, configOf } = await start({});
    const run = await runner.runAndWait({
      items: itemsOf(5),
      buildPrompt,
      providerConfig: configOf(),
      structuredOutput: Review,
    });
    const results = await run.results().toArray();
    expect(results).toHaveLength(5);
    for (const result of results) {
      if (result.status !== 'completed') throw new Error(result.error.message);
      expect(Review.parse(result.output)).toEqual(result.output);
    }
  });

  it('sends smaller batches where one alone is larger than the queue, which does not say so', async () => {
    const { emulator, runner, configOf } = await start({ enqueuedTokensMax: 400 });
    const run = await runner.runAndWait({
      items: itemsOf(100),
      buildPrompt,
      providerConfig: configOf(),
    });
    expect(run.summary()).toMatchObject({ itemCounts: { completed: 100 } });
    const { requestsBilled, createAttempts, batchesCreated } = emulator.ledger;
    expect(requestsBilled).toBe(100);
    expect(createAttempts).toBeGreaterThan(batchesCreated);
    expect(batchesCreated).toBeGreaterThan(1);
  });

  it('raises the output bound of an answer that was cut, where that is asked for', async () => {
    const { runner, configOf } = await start({});
    const run = await runner.runAndWait({
      items: itemsOf(3),
      buildPrompt,
      providerConfig: configOf({ params: { generationConfig: { maxOutputTokens: 36 } } }),
      retryPolicy: { raiseOutputTokensTo: 500 },
    });
    for (const result of await run.results().toArray())
      expect(result).toMatchObject({ status: 'completed', attemptCount: 2 });
  });
});
