import { describe, expect, it } from 'vitest';
import { createWorld, memoryStore, simulate, type WorldOptions } from '../../lib/sim/index.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;

describe('a world', () => {
  it('plays a run to its end in virtual time, an answer for every row', async () => {
    await using world = await createWorld({ seed: 3 });
    const run = await world.runner.start(
      jobOf(world.connection, itemsOf(25), { maxRequests: 10 }),
      { runId: 'first' },
    );
    const summary = await world.settle(run);
    expect(summary).toMatchObject({ status: 'completed', itemCount: 25, batchCount: 3 });
    const results = await run.results({ order: 'input' }).toArray();
    expect(results.map((result) => result.itemId)).toEqual(itemsOf(25).map((item) => item.itemId));
    expect(results.every((result) => result.outputText?.includes('prompt'))).toBe(true);
    expect(world.ledger).toEqual({ batchesCreated: 3, requestsBilled: 25, doublePaidItemIds: [] });
    expect(world.now().getTime()).toBeGreaterThan(Date.UTC(2026, 0, 1) + 60 * minuteMs);
  });

  it('replaces every connection that a job names, and leaves its config alone', async () => {
    await using world = await createWorld();
    const config = {
      ...world.connection({ model: 'gpt-4.1' }),
      kind: 'openai',
      connection: 'openai',
      endpoint: 'chat.completions',
    };
    const run = await world.runner.start({
      ...jobOf(world.connection, itemsOf(2)),
      providerConfig: config,
    });
    expect((await world.settle(run)).status).toBe('completed');
    expect(run.snapshot().config.provider).toMatchObject({
      kind: 'openai',
      connection: 'openai',
      endpoint: 'chat.completions',
    });
  });

  it('has the same history, byte for byte, whenever the seed is the same', async () => {
    const options: WorldOptions = {
      seed: 11,
      faults: [
        { type: 'lose_create_reply', batch: 1 },
        { type: 'rows_fail', ratio: 0.2, statusCode: 500 },
        { type: 'expires', batch: 2, completedRatio: 0.5 },
        { type: 'truncated_download', probability: 0.3, keepRatio: 0.5, times: 3 },
      ],
    };
    const play = async (): Promise<string> => {
      const { events, summary, ledger } = await simulate(
        jobOf(null, itemsOf(60), { maxRequests: 20 }),
        { ...options, crashEvery: 9 },
      );
      return JSON.stringify([events, summary, ledger]);
    };
    const first = await play();
    expect(first.length).toBeGreaterThan(2_000);
    expect(await play()).toBe(first);
  });

  it('finds what the dead process wrote after a crash, and continues', async () => {
    await using world = await createWorld({ storage: memoryStore() });
    const job = jobOf(world.connection, itemsOf(30), { maxRequests: 10 });
    const before = await world.runner.start(job, { runId: 'killed' });
    await world.advance(10 * minuteMs);
    const versionBefore = before.snapshot().version;
    const callsBefore = { ...world.provider.ledger.calls };
    const reborn = await world.crash();
    // The old process is gone: time passes without its pending work.
    await world.advance(10 * minuteMs);
    expect(world.provider.ledger.calls).toEqual(callsBefore);
    const run = await reborn.start(job, { runId: 'killed' });
    expect(run.snapshot().version).toBeGreaterThanOrEqual(versionBefore);
    expect((await world.settle(run)).status).toBe('completed');
    expect(world.ledger).toMatchObject({ requestsBilled: 30, doublePaidItemIds: [] });
  });

  it('names the seed when a run does not end', async () => {
    await using world = await createWorld({
      seed: 77,
      turnaroundMs: { min: 5 * minuteMs, max: 5 * minuteMs },
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(1)));
    await expect(world.settle(run, { virtualMsMax: minuteMs })).rejects.toThrow(/seed 77/u);
    expect((await world.settle(run)).status).toBe('completed');
  });
});
