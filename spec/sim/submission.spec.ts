import { describe, expect, it } from 'vitest';
import {
  type CrashPoint,
  createWorld,
  type Fault,
  ProcessKilled,
  type World,
} from '../../lib/sim/index.ts';
import type { Run, RunSummary } from '../../lib/index.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const quick = { turnaroundMs: { min: minuteMs, max: 5 * minuteMs } };

interface Outcome extends AsyncDisposable {
  readonly world: World;
  readonly run: Run;
  readonly summary: RunSummary;
  readonly crashes: number;
}

/**
 * Plays twenty rows in two batches until the run finishes or can make no progress, restarted after
 * every crash.
 */
const play = async (
  faults: readonly Fault[],
  crashAt?: (point: CrashPoint) => boolean,
): Promise<Outcome> => {
  const world = await createWorld({
    seed: 7,
    ...quick,
    faults,
    ...(crashAt === undefined ? {} : { crashAt }),
  });
  const job = jobOf(world.connection, itemsOf(20), { maxRequests: 10 });
  for (let crashes = 0; ; crashes += 1) {
    try {
      const run = await world.until(world.runner.start(job, { runId: 'healing' }));
      const summary = await world.settle(run);
      return {
        world,
        run,
        summary,
        crashes,
        [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
      };
    } catch (error) {
      if (!(error instanceof ProcessKilled) || crashes > 5) throw error;
      await world.crash();
    }
  }
};

const expectWhole = ({ world, summary }: Outcome): void => {
  expect(summary).toMatchObject({ status: 'completed', itemCounts: { completed: 20 } });
  expect(world.ledger.doublePaidItemIds).toEqual([]);
  expect(world.ledger.requestsBilled).toBe(20);
};

describe('a create without an answer', () => {
  it.each<[string, readonly Fault[]]>([
    ['whose batch exists', [{ type: 'lose_create_reply', batch: 1 }]],
    [
      'whose batch a list shows late',
      [
        { type: 'lose_create_reply', batch: 1 },
        { type: 'list_lags', batch: 1, forMs: 8 * minuteMs },
      ],
    ],
    ['that never came through', [{ type: 'drop_create', batch: 1 }]],
    ['time and again', [{ type: 'drop_create', times: 3 }]],
    [
      'in an outage of a weekend',
      [
        { type: 'drop_create', batch: 1 },
        { type: 'connection_lost', afterMs: minuteMs, forMs: 60 * hourMs },
      ],
    ],
    [
      'that comes through within its grace',
      [{ type: 'create_lands_late', batch: 1, forMs: 4 * minuteMs }],
    ],
    [
      'that comes through when it is fenced',
      [{ type: 'create_lands_late', batch: 1, forMs: 10.5 * minuteMs }],
    ],
    [
      'that comes through long after it was sent again',
      [{ type: 'create_lands_late', batch: 1, forMs: 5 * hourMs }],
    ],
  ])('%s heals without an operator, and pays for nothing twice', async (_name, faults) => {
    await using played = await play(faults);
    expectWhole(played);
  });

  it('of a batch that comes through behind its fence fails at the provider, unbilled', async () => {
    // The second batch keeps the run going until the late one has come.
    await using played = await play([
      { type: 'create_lands_late', batch: 1, forMs: 25 * minuteMs },
      { type: 'slow_finalizing', batch: 1, forMs: 2 * hourMs },
    ]);
    expectWhole(played);
    await played.world.advance(hourMs);
    expect(played.world.provider.ledger.batchesCreated).toBe(3);
    expect(played.world.ledger.requestsBilled).toBe(20);
  });

  it('that made two batches keeps one; the other is cancelled, and its cost is reported', async () => {
    await using played = await play([{ type: 'create_doubled', batch: 1 }]);
    expect(played.summary).toMatchObject({ status: 'completed', strays: { live: 0, ended: 1 } });
    const { billedByDoubledCount, doubleBilledCount } = played.world.provider.ledger;
    expect(played.summary.strays.answeredCount).toBe(billedByDoubledCount);
    expect(doubleBilledCount).toBe(0);
  });

  it('is held, and says why, while the key belongs to another project; and continues when the right one is back', async () => {
    await using played = await play([
      { type: 'drop_create', batch: 1 },
      { type: 'other_project', afterMs: minuteMs, forMs: 3 * hourMs },
    ]);
    const { world, run } = played;
    expect(played.summary).toMatchObject({
      controlState: 'paused',
      controlReason: 'batch_unresolved',
    });
    expect(played.summary.liveBatches.find((batch) => batch.held !== null)?.held).toContain(
      'this key cannot read its input file',
    );
    expect(played.summary.itemCounts.queued_local).toBeGreaterThan(0);
    await world.advance(3 * hourMs);
    await run.resume();
    const summary = await world.settle(run);
    expectWhole({ ...played, summary });
  });

  it('is never sent again because of a list that another key reads', async () => {
    await using played = await play([
      { type: 'lose_create_reply', batch: 1 },
      { type: 'list_lags', batch: 1, forMs: 2 * minuteMs },
      { type: 'other_project', afterMs: 30_000, forMs: hourMs },
    ]);
    let { summary } = played;
    for (let again = 0; again < 4 && summary.status === 'running'; again += 1) {
      await played.world.advance(hourMs / 2);
      await played.run.resume();
      summary = await played.world.settle(played.run);
    }
    expectWhole({ ...played, summary });
  });

  it('heals wherever the process dies inside the fence', async () => {
    const points: CrashPoint[] = [];
    await using whole = await play(
      [{ type: 'drop_create', batch: 1 }],
      (point) => (points.push(point), false),
    );
    expectWhole(whole);
    // The campaign covers every point of every outcome; here, those around the fence.
    const fence = points.findIndex(({ call }) => call === 'provider.deleteFile');
    expect(fence).toBeGreaterThan(0);
    const inside = points.slice(fence - 4, fence + 8);
    for (const { ordinal, call, side } of inside) {
      let hasStruck = false;
      const strike = (point: CrashPoint): boolean =>
        !hasStruck && (hasStruck = point.ordinal === ordinal);
      await using played = await play([{ type: 'drop_create', batch: 1 }], strike);
      expect([
        `${side} ${call}, point ${ordinal}`,
        played.summary.status,
        played.world.ledger.requestsBilled,
      ]).toEqual([`${side} ${call}, point ${ordinal}`, 'completed', 20]);
      expect(played.crashes).toBe(1);
    }
  });
});
