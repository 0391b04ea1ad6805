import { describe, expect, it } from 'vitest';
import type { Run, RunSummary } from '../../lib/index.ts';
import { createWorld, type Fault, type World } from '../../lib/sim/index.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const yearsMs = 40 * 365 * dayMs;

/** Plays a small run and sets the machine's clock after a while; returns how long the rest took. */
const play = async (
  byMs: number,
  {
    faults = [],
    afterMs = 3 * minuteMs,
    isDown = false,
  }: { faults?: readonly Fault[]; afterMs?: number; isDown?: boolean } = {},
): Promise<{
  readonly world: World;
  readonly run: Run;
  readonly summary: RunSummary;
  readonly restMs: number;
}> => {
  const world = await createWorld({
    seed: 3,
    faults,
    turnaroundMs: { min: 5 * minuteMs, max: 20 * minuteMs },
  });
  const job = jobOf(world.connection, itemsOf(12), { maxRequests: 4 });
  let run = await world.until(world.runner.start(job, { runId: 'clocked' }));
  await world.advance(afterMs);
  if (isDown) await world.crash();
  world.setClock(byMs);
  if (isDown) run = await world.until(world.runner.start(job, { runId: 'clocked' }));
  const fromMs = world.now().getTime();
  const summary = await world.settle(run, { virtualMsMax: 3 * dayMs });
  return { world, run, summary, restMs: world.now().getTime() - fromMs };
};

/** With an unchanged clock the rest takes half an hour; with a lost create, under an hour. */
const soonMs = 90 * minuteMs;

describe('a run whose clock is set', () => {
  it.each([
    ['ahead by a day', dayMs],
    ['back by a day', -dayMs],
    ['back by ten years', -10 * 365 * dayMs],
  ])('%s continues at once, and reports it', async (_name, byMs) => {
    const { world, run, summary, restMs } = await play(byMs);
    expect(summary.status).toBe('completed');
    expect(restMs).toBeLessThan(soonMs);
    expect(world.ledger.doublePaidItemIds).toEqual([]);
    expect(run.summary().troubles).toMatchObject([{ what: 'clock', count: 1 }]);
    expect(summary.troubles[0]?.message).toMatch(
      byMs > 0 ? /jumped ahead by 1 day/u : /jumped back by [\d,]+ days?/u,
    );
  });

  it.each([
    ['ahead', dayMs],
    ['back', -dayMs],
  ])(
    '%s during the grace of an unconfirmed create waits its whole grace, and pays for nothing twice',
    async (_name, byMs) => {
      // The create comes through eleven minutes late. Assumed absent before its grace is over, its
      // rows would be paid for again.
      const faults: readonly Fault[] = [
        { type: 'create_lands_late', batch: 1, forMs: 9 * minuteMs },
        { type: 'list_lags', batch: 1, forMs: 2 * minuteMs },
      ];
      const { world, summary, restMs } = await play(byMs, { faults });
      expect(summary.status).toBe('completed');
      expect(restMs).toBeLessThan(soonMs);
      expect(world.ledger.batchesCreated).toBe(3);
      expect(world.ledger.doublePaidItemIds).toEqual([]);
    },
  );

  it('ahead by two days calls no batch overdue, since the provider’s own clock judges its times', async () => {
    const world = await createWorld({
      seed: 3,
      turnaroundMs: { min: 20 * minuteMs, max: 30 * minuteMs },
    });
    const run = await world.until(
      world.runner.start(jobOf(world.connection, itemsOf(12), { maxRequests: 4 }), {
        runId: 'clocked',
      }),
    );
    await world.advance(3 * minuteMs);
    world.setClock(2 * dayMs);
    await world.advance(10 * minuteMs);
    expect(run.summary().liveBatches.map(({ overdue }) => overdue)).toEqual([null, null, null]);
    expect(run.summary().troubles.map(({ what }) => what)).toEqual(['clock']);
    expect((await world.settle(run)).status).toBe('completed');
  });

  it('back while no process drives it continues at once, and reports it', async () => {
    const { summary, restMs } = await play(-dayMs, { isDown: true });
    expect(summary.status).toBe('completed');
    expect(restMs).toBeLessThan(soonMs);
    expect(summary.troubles).toMatchObject([{ what: 'clock' }]);
  });
});

describe('a provider that asks to wait for years', () => {
  it('is asked again after the longest wait of the policy', async () => {
    const faults: readonly Fault[] = [
      {
        type: 'http_error',
        statusCode: 429,
        retryAfterMs: yearsMs,
        times: 2,
        operation: 'retrieve_batch',
      },
    ];
    const { summary, restMs } = await play(0, { faults });
    expect(summary.status).toBe('completed');
    expect(restMs).toBeLessThan(soonMs);
  });
});
