import { describe, expect, it } from 'vitest';
import {
  type CrashPoint,
  crashCalls,
  createWorld,
  memoryStore,
  ProcessKilled,
  type World,
} from '../../lib/sim/index.ts';
import type { Run, RunSummary } from '../../lib/index.ts';
import { itemsOf, type Job, jobOf } from '../support/sim/jobs.ts';

const faults = [{ type: 'rows_fail', batch: 1, ratio: 0.3, statusCode: 500 }] as const;

/** Plays the job, killed at the points that `crashAt` selects, until it can make no progress. */
const play = async (
  crashAt: (point: CrashPoint) => boolean,
): Promise<{
  readonly world: World;
  readonly run: Run;
  readonly summary: RunSummary;
  readonly lives: number;
}> => {
  const world = await createWorld({
    seed: 5,
    storage: memoryStore(),
    faults,
    turnaroundMs: { min: 60_000, max: 120_000 },
    crashAt,
  });
  const job: Job = jobOf(world.connection, itemsOf(9), { maxRequests: 5 });
  for (let lives = 1; ; lives += 1) {
    try {
      const run = await world.until(world.runner.start(job, { runId: 'mortal' }));
      return { world, run, summary: await world.settle(run), lives };
    } catch (error) {
      if (!(error instanceof ProcessKilled) || lives > 3) throw error;
      await world.crash();
    }
  }
};

describe('a process killed at a crash point', () => {
  it('loses no row and pays for none again, wherever the point is, and ends by itself', async () => {
    const points: CrashPoint[] = [];
    await play((point) => (points.push(point), false));
    expect(new Set(points.map(({ call }) => call))).toEqual(
      new Set(
        crashCalls.filter(
          (call) =>
            ![
              'artifacts.remove',
              'provider.sweep',
              'provider.deleteFile',
              'provider.cancel',
            ].includes(call),
        ),
      ),
    );
    expect(points.length).toBeGreaterThan(40);
    const ends = new Map<string, number>();
    for (const { ordinal, call, side } of points) {
      let hasStruck = false;
      const { world, run, summary, lives } = await play(
        (point) => !hasStruck && (hasStruck = point.ordinal === ordinal),
      );
      const where = `${side} ${call}, point ${ordinal}`;
      expect(lives, where).toBe(2);
      expect(world.ledger.doublePaidItemIds, where).toEqual([]);
      expect(summary.itemCount, where).toBe(9);
      ends.set(summary.status, (ends.get(summary.status) ?? 0) + 1);
      expect(
        (await run.results().toArray()).map((result) => result.status),
        where,
      ).toEqual(Array.from({ length: 9 }, () => 'completed'));
    }
    expect([...ends.keys()]).toEqual(['completed']);
    expect(ends.get('completed')).toBeGreaterThan(40);
  });

  it('leaves no run when it dies before the creation is committed', async () => {
    const world = await createWorld({
      crashAt: ({ call, side, ordinal }) =>
        call === 'run.commit' && side === 'before' && ordinal === 1,
    });
    const job = jobOf(world.connection, itemsOf(3));
    await expect(world.until(world.runner.start(job, { runId: 'stillborn' }))).rejects.toThrow(
      ProcessKilled,
    );
    expect(world.isDown).toBe(true);
    await world.crash();
    await expect(world.runner.getRun('stillborn')).rejects.toMatchObject({ code: 'run_not_found' });
    for await (const listed of world.runner.listRuns()) expect(listed).toBe('no run');
  });

  it('does nothing more: its promises never settle, its timers never fire', async () => {
    await using world = await createWorld({ turnaroundMs: { min: 60_000, max: 60_000 } });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(3)), { runId: 'dead' });
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    run.wait().then(settle, settle);
    await world.advance(30_000);
    const calls = JSON.stringify(world.provider.ledger.calls);
    const { version } = run.snapshot();
    await world.crash();
    await world.advance(3_600_000);
    expect(isSettled).toBe(false);
    expect(JSON.stringify(world.provider.ledger.calls)).toBe(calls);
    expect(run.snapshot().version).toBe(version);
  });
});
