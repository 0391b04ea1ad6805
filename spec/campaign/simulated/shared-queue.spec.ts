import { describe, expect, it } from 'vitest';
import type { Run } from '../../../lib/index.ts';
import type { JsonObject } from '../../../lib/core/internal.ts';
import { createWorld } from '../../../lib/sim/index.ts';
import { playSharedQueue, type SharedPlay } from './shared-queue.ts';

describe('runs that share a queue', () => {
  it('plan nothing beyond it together, whenever their process dies, and all of them end', async () => {
    const plays: SharedPlay[] = [];
    for (let seed = 1; seed <= 4; seed += 1) plays.push(await playSharedQueue(seed));
    expect(plays.filter(({ breaches }) => breaches.length > 0)).toEqual([]);
    // No run planned beyond the limit, so none was refused.
    expect(plays.filter(({ refusals }) => refusals > 0)).toEqual([]);
    expect(plays.filter(({ doublePaid }) => doublePaid > 0)).toEqual([]);
    expect(plays.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(2);
    expect(plays.some(({ givenWay }) => givenWay > 0)).toBe(true);
    expect(Math.max(...plays.map(({ fullest }) => fullest))).toBeGreaterThan(0.95);
  });

  it('do not wait for the end of each other: the run that has waited longest goes first', async () => {
    const limit = 4_000;
    const hourMs = 3_600_000;
    await using world = await createWorld({
      seed: 5,
      enqueuedTokensMax: limit,
      turnaroundMs: { min: hourMs, max: 3 * hourMs },
      answer: () => ({ text: 'ok' }),
    });
    const start = (
      runId: string,
      rows: number,
      maxRequests: number,
    ): Promise<Run<string, JsonObject>> =>
      world.until(
        world.runner.start(
          {
            items: Array.from({ length: rows }, (_, i) => ({
              itemId: `${runId}-${i}`,
              payload: 'word '.repeat(20),
            })),
            buildPrompt: ({ payload }) => payload,
            providerConfig: world.connection({
              model: 'fake-1',
              enqueueLimits: { enqueuedTokenLimit: limit },
            }),
            chunkPolicy: { maxRequests },
          },
          { runId },
        ),
      );
    const large = await start('large', 1_200, 60);
    await world.advance(2 * hourMs);
    const small = await start('small', 80, 1_000);
    const beganMs = world.now().getTime();
    await world.until(small.wait());
    // A few lives of a batch; the large run has dozens before it.
    expect((world.now().getTime() - beganMs) / hourMs).toBeLessThan(12);
    expect((await large.refresh()).itemCounts.pending).toBeGreaterThan(400);
    await world.until(large.wait(), { virtualMsMax: 1_000 * hourMs });
  });

  it('would, if a plan were committed whatever the others hold by then', async () => {
    const breaches: string[] = [];
    for (let seed = 1; seed <= 40 && breaches.length === 0; seed += 1)
      breaches.push(...(await playSharedQueue(seed, { isBlind: true })).breaches);
    expect(breaches).not.toEqual([]);
  });
});
