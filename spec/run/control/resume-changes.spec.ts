import { asyncScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { openai } from '../../../adapters/openai/index.ts';
import { priceTable } from '../../../lib/run/job/price-book.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import {
  changesFromInbox,
  changesToInbox,
  type ResumeChanges,
} from '../../../lib/run/control/resume-changes.ts';
import { sendRequest } from '../../../lib/run/control/send-request.ts';
import { commandsOf, fromInbox, hasTakenEffect } from '../../../lib/run/control/run-request.ts';
import { memoryStore, type MemoryStorage } from '../../../lib/sim/store/memory-store.ts';
import { createWorld } from '../../../lib/sim/world.ts';
import { createdRun, ok, runId } from '../../contract/run-store-fixture.ts';

const prices = {
  inputUsdPerMillion: 1,
  cachedInputUsdPerMillion: 1,
  outputUsdPerMillion: 4,
  asOf: '2026-11-01',
  source: 'spec',
};
const book = priceTable({ unpriced: prices });
const items = Array.from({ length: 50 }, (_, i) => ({ itemId: `r${i}`, payload: `What is ${i}?` }));
const jobOf = (model: string, params: object = { max_output_tokens: 50 }) => ({
  items,
  buildPrompt: ({ payload }: { readonly payload: string }) => payload,
  providerConfig: openai({ model, params }),
});

/** A stored run that nobody drives. */
const stored = async (storage: MemoryStorage, model: string, params?: object) => {
  const runner = new BatchRunner({ storage, autorun: false });
  const run = await runner.start(jobOf(model, params), { runId: 'told' });
  await run.pause();
  return { runner, run };
};

describe('a resume that says something anew', () => {
  it('changes what it names, and nothing else', async () => {
    const { run } = await stored(memoryStore(), 'gpt-4.1-mini');
    const before = run.snapshot().config.operation;
    await run.resume({
      badRows: 'record',
      costUsdMax: 5,
      canary: { items: 10 },
      chunkPolicy: { maxRequests: 20, maxFileBytes: 5_000 },
      circuitBreaker: { failedBatchesMax: 9 },
      enqueueLimits: { enqueuedTokenLimit: 90_000, targetRatio: 0.5, quotaScope: 'shared' },
    });
    const after = run.snapshot().config.operation;
    expect(run.controlState).toBe('running');
    expect(after).toEqual({
      ...before,
      badRows: 'record',
      money: { ...before.money, costUsdMax: 5 },
      canary: { items: 10, passRatioMin: 0.9 },
      chunk: { ...before.chunk, requestsMax: 20, inputBytesMax: 5_000 },
      circuitBreaker: { ...before.circuitBreaker, failedBatchesMax: 9 },
      enqueue: {
        ...before.enqueue,
        enqueuedTokenLimit: 90_000,
        targetRatio: 0.5,
        quotaScope: 'shared',
      },
    });
    // Said of a run that goes on, it is taken over all the same; what is null is lifted.
    await run.resume({
      costUsdMax: null,
      canary: null,
      enqueueLimits: { enqueuedTokenLimit: null },
    });
    const lifted = run.snapshot().config.operation;
    expect([
      lifted.money.costUsdMax,
      lifted.canary,
      lifted.enqueue.enqueuedTokenLimit,
      lifted.enqueue.targetRatio,
    ]).toEqual([null, null, null, 0.5]);
    await run.resume({ canary: { items: 0 } });
    expect(run.snapshot().config.operation.canary).toBeNull();
  });

  it('refuses what cannot be meant, by name, and changes nothing', async () => {
    const { run } = await stored(memoryStore(), 'gpt-4.1-mini');
    const { version } = run.snapshot();
    const refused: readonly (readonly [object, string])[] = [
      [{ costUsdMax: Number.NaN }, 'costUsdMax'],
      [{ costUsdMax: -1 }, 'costUsdMax'],
      [{ costUsdMax: 0 }, 'costUsdMax'],
      [{ costUsdMax: Infinity }, 'costUsdMax'],
      [{ badRows: 'maybe' as 'fail' }, 'badRows'],
      [{ canary: { items: -1 } }, 'canary.items'],
      [{ canary: { items: 1.5 } }, 'canary.items'],
      [{ canary: { items: 5, passRatioMin: 2 } }, 'canary.passRatioMin'],
      [{ chunkPolicy: { maxRequests: 0 } }, 'chunkPolicy.maxRequests'],
      [{ chunkPolicy: { maxFileBytes: Number.NaN } }, 'chunkPolicy.maxFileBytes'],
      [{ circuitBreaker: { failedBatchesMax: 0.5 } }, 'circuitBreaker.failedBatchesMax'],
      [{ enqueueLimits: { targetRatio: 2 } }, 'enqueueLimits.targetRatio'],
      [{ enqueueLimits: { targetRatio: 0 } }, 'enqueueLimits.targetRatio'],
      [{ enqueueLimits: { targetRatio: Number.NaN } }, 'enqueueLimits.targetRatio'],
      [{ enqueueLimits: { headroom: -1 } }, 'enqueueLimits.headroom'],
      [{ enqueueLimits: { enqueuedTokenLimit: 100, headroom: 100 } }, 'enqueueLimits.headroom'],
      [{ enqueueLimits: { enqueuedTokenLimit: 0 } }, 'enqueueLimits.enqueuedTokenLimit'],
      [
        { enqueueLimits: { enqueuedRequestLimit: Number.NaN } },
        'enqueueLimits.enqueuedRequestLimit',
      ],
      [{ enqueueLimits: { quotaScope: ' ' } }, 'enqueueLimits.quotaScope'],
    ];
    for (const [options, field] of refused)
      await expect(run.resume(options)).rejects.toMatchObject({
        code: 'invalid_config',
        details: { field },
      });
    expect(run.snapshot().version).toBe(version);
    expect(run.controlState).toBe('paused');
  });

  it('refuses a cap that could not be kept, until the price is given', async () => {
    const storage = memoryStore();
    const { run, runner } = await stored(storage, 'unpriced');
    await expect(run.resume({ costUsdMax: 5 })).rejects.toMatchObject({ code: 'price_unknown' });
    expect(run.controlState).toBe('paused');
    await runner.close();
    await using priced = new BatchRunner({ storage, prices: book, autorun: false });
    const again = await priced.getRun('told');
    await again.resume({ costUsdMax: 5 });
    expect(again.snapshot().config.operation.money).toEqual({
      prices,
      outputTokensMax: 50,
      costUsdMax: 5,
    });
    const unbounded = await stored(memoryStore(), 'gpt-4.1-mini', {});
    await expect(unbounded.run.resume({ costUsdMax: 5 })).rejects.toMatchObject({
      code: 'invalid_config',
    });
    await unbounded.run.resume({ costUsdMax: 5, assumeOutputTokens: 300 });
    expect(unbounded.run.snapshot().config.operation.money).toMatchObject({
      outputTokensMax: 300,
      costUsdMax: 5,
    });
  });

  it('lets a run continue that its cap has paused', async () => {
    await using world = await createWorld({ seed: 5 });
    const run = await world.runner.start({
      ...jobOf('gpt-4.1-mini'),
      budget: { costUsdMax: 0.0005 },
      chunkPolicy: { maxRequests: 10 },
    });
    const paused = await world.settle(run);
    expect([paused.controlReason, paused.itemCounts.completed < 50]).toEqual([
      'budget_exhausted',
      true,
    ]);
    await world.until(run.resume({ costUsdMax: 1 }));
    expect(await world.settle(run)).toMatchObject({
      status: 'completed',
      itemCounts: { completed: 50 },
    });
  });

  it('is not undone by starting the same program again', async () => {
    const storage = memoryStore();
    const { run, runner } = await stored(storage, 'gpt-4.1-mini');
    await run.resume({ costUsdMax: 5 });
    await runner.close();
    await using world = await createWorld({ seed: 5, storage });
    const again = await world.until(world.runner.start(jobOf('gpt-4.1-mini'), { runId: 'told' }));
    expect(again.snapshot().config.operation.money.costUsdMax).toBe(5);
  });
});

describe('a price that a run did not know', () => {
  it('is learned from who drives it', async () => {
    const storage = memoryStore();
    const { runner } = await stored(storage, 'unpriced');
    await runner.close();
    await using priced = new BatchRunner({ storage, prices: book });
    const run = await priced.getRun('told', { job: jobOf('unpriced') });
    await run.drive();
    expect(run.snapshot().config.operation.money.prices).toEqual(prices);
  });
});

describe('a resume in an inbox', () => {
  const whole: ResumeChanges = {
    badRows: 'record',
    costUsdMax: 5,
    assumeOutputTokens: 70,
    canary: { items: 10, passRatioMin: 0.5 },
    enqueueLimits: {
      enqueuedTokenLimit: 1_000,
      enqueuedRequestLimit: null,
      targetRatio: 0.5,
      headroom: 3,
      maxBatchEnqueuedTokens: 7,
      quotaScope: 'q',
    },
    deleteInputFiles: true,
    filesExpireAfterMs: 3_600_000,
    outputFilesExpireAfterMs: 86_400_000,
    prices,
  };

  it('is read as it was written', () => {
    for (const changes of [
      whole,
      {},
      { costUsdMax: null },
      { canary: null },
      { canary: { items: 3 } },
    ])
      expect(changesFromInbox(JSON.parse(JSON.stringify(changesToInbox(changes))))).toEqual(
        changes,
      );
  });

  it('is no request where another process wrote it', () => {
    const written = changesToInbox(whole);
    for (const rubbish of [
      { bad_rows: 'maybe' },
      { delete_input_files: 'yes' },
      { files_expire_after_ms: '3600' },
      { output_files_expire_after_ms: null },
      { cost_usd_max: '5' },
      { assume_output_tokens: null },
      { canary: 3 },
      { canary: { items: '3' } },
      { canary: { items: 3, more: 1 } },
      { enqueue_limits: [] },
      { enqueue_limits: { target_ratio: null } },
      { enqueue_limits: { toString: 3 } },
      { enqueue_limits: { enqueued_token_limit: '1' } },
      { prices: null },
      { prices: { input_usd_per_million: 1 } },
      { prices: { ...(written['prices'] as object), output_usd_per_million: -1 } },
      { unheard_of: 1 },
    ])
      expect(
        fromInbox({ id: '1', type: 'resume', options: { ...written, ...rubbish } }),
      ).toBeNull();
  });

  it('does nothing where it cannot be, not even half of it', async () => {
    const { snapshot } = await createdRun(await ok(memoryStore().open()));
    for (const options of [
      { cost_usd_max: 5 },
      { enqueue_limits: { target_ratio: 2 } },
      { canary: { items: -3 } },
    ]) {
      const wish = fromInbox({ id: '1', type: 'resume', options });
      expect(wish).not.toBeNull();
      if (wish !== null) expect(commandsOf(wish, snapshot, 0)).toEqual([]);
    }
  });

  it('is waited for until the run is as it says, and done by the asker when the owner goes away', async () => {
    const store = await ok(memoryStore().open());
    const owner = await createdRun(store);
    const wish = {
      type: 'resume',
      changes: { enqueueLimits: { enqueuedTokenLimit: 9_000 } },
    } as const;
    expect(hasTakenEffect(wish, owner.snapshot)).toBe(false);
    const told = sendRequest({ store, runId, driver: undefined, scheduler: asyncScheduler }, wish);
    await expect.poll(async () => (await ok(owner.inbox())).length, { interval: 5 }).toBe(1);
    await owner.close();
    await told;
    const next = await ok(store.own(runId));
    expect(next.snapshot.config.operation.enqueue.enqueuedTokenLimit).toBe(9_000);
    expect(hasTakenEffect(wish, next.snapshot)).toBe(true);
    await next.close();
  });
});
