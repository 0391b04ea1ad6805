import { describe, expect, it } from 'vitest';
import { createWorld, type Fault, type ServiceShape, serviceShapes } from '../../lib/sim/index.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;

/** Twenty rows in two batches, at a service where nothing fences a create. */
const play = async (shape: ServiceShape, faults: readonly Fault[]) => {
  const world = await createWorld({
    seed: 7,
    turnaroundMs: { min: minuteMs, max: 5 * minuteMs },
    faults,
    traits: serviceShapes[shape],
  });
  const job = jobOf(world.connection, itemsOf(20), { maxRequests: 10 });
  const run = await world.until(world.runner.start(job, { runId: 'late' }));
  return { world, run, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
};

/**
 * The first create comes through when its rows were sent again, and that batch, `second`, is slow.
 * Where nothing but answers proves, batches are of 10, 9 and 1 rows.
 */
const late = (second: number): readonly Fault[] => [
  { type: 'create_lands_late', times: 1, forMs: 25 * minuteMs },
  { type: 'slow_finalizing', batch: second, forMs: 3 * 60 * minuteMs },
];

describe('a create that comes through after its absence was proved, at a service without a fence', () => {
  it.each<[ServiceShape, string, number]>([
    ['inline', 'cancelled', 2],
    ['anthropic', 'read to its end', 3],
  ])(
    'of the shape %s is a duplicate batch, %s, counted, named and warned of',
    async (shape, _what, second) => {
      await using played = await play(shape, late(second));
      const summary = await played.world.settle(played.run);
      const { doubleBilledCount, batches } = played.world.provider.ledger;
      expect(batches).toHaveLength(second + 1);
      expect(summary).toMatchObject({ status: 'completed', itemCounts: { completed: 20 } });
      expect(summary.strays).toMatchObject({ live: 0, ended: 1 });
      expect(summary.strays.answeredCount).toBeGreaterThanOrEqual(doubleBilledCount);
      const [duplicate] = summary.strays.batches;
      expect(duplicate).toMatchObject({ isLate: true, isEnded: true });
      expect(batches.map(({ id }) => id)).toContain(duplicate?.providerBatchId);
      expect(summary.cost.isComplete).toBe(false);
      expect(summary.troubles.map(({ message }) => message)).toEqual([
        expect.stringContaining(`batch ${duplicate?.providerBatchId} is a second batch of`),
      ]);
      expect(await played.run.verify()).toMatchObject({
        isSound: true,
        duplicates: { providerBatchIds: [duplicate?.providerBatchId], undecidedIds: [] },
      });
      const told: unknown[] = [];
      for await (const { eventType, data } of played.run.events())
        if (eventType === 'batch_stray') told.push(data);
      expect(told).toMatchObject([
        { provider_batch_id: duplicate?.providerBatchId, is_late: true },
      ]);
    },
  );

  it('and is not over when the run is, is named as one that may be', async () => {
    await using played = await play('anthropic', [
      { type: 'create_lands_late', times: 1, forMs: 25 * minuteMs },
      { type: 'slow_finalizing', batch: 3, forMs: 60 * minuteMs },
      { type: 'slow_finalizing', batch: 4, forMs: 9 * 60 * minuteMs },
    ]);
    const summary = await played.world.settle(played.run);
    expect(summary).toMatchObject({ status: 'completed', strays: { live: 0, ended: 0 } });
    const [create] = summary.unfencedCreates;
    expect(create).toMatchObject({ createAttempt: 1, requestCount: 10, isSought: false });
    const named = create?.candidates.map(({ providerBatchId }) => providerBatchId);
    expect(named).toHaveLength(1);
    expect(await played.run.verify()).toMatchObject({ duplicates: { undecidedIds: named } });
    expect(summary.troubles.map(({ message }) => message)).toEqual([
      expect.stringContaining(`${named?.join()} may be it, and then is billed as well`),
    ]);
  });

  it('costs a list of batches now and then, and no more once it is found', async () => {
    await using played = await play('inline', [
      { type: 'drop_create', times: 1 },
      { type: 'slow_finalizing', batch: 2, forMs: 20 * 60 * minuteMs },
    ]);
    const { ledger } = played.world.provider;
    const before = ledger.calls.list_batches;
    await played.world.settle(played.run);
    // Reconciling reads it some times in its grace; twenty hours of watching add one an hour.
    expect(ledger.calls.list_batches - before).toBeLessThan(50);
    expect(ledger.doubleBilledCount).toBe(0);
  });
});
