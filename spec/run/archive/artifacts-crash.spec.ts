import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../../lib/index.ts';
import {
  type CrashPoint,
  createWorld,
  memoryStore,
  ProcessKilled,
  type World,
} from '../../../lib/sim/index.ts';
import { itemsOf, type Job, jobOf } from '../../support/sim/jobs.ts';

const faults = [{ type: 'rows_fail', batch: 1, ratio: 0.3, statusCode: 500 }] as const;

describe('a process killed over artifacts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-artifacts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Killed where `crashAt` says, once it is asked. */
  const worldOf = (crashAt: (point: CrashPoint) => boolean): Promise<World> =>
    createWorld({
      seed: 5,
      storage: memoryStore(),
      faults,
      turnaroundMs: { min: 60_000, max: 120_000 },
      crashAt,
    });
  const jobIn = (world: World, isKept: boolean): Job => ({
    ...jobOf(world.connection, itemsOf(9), { maxRequests: 5 }),
    ...(isKept ? {} : { artifactPolicy: { persistRawOutputArtifacts: false } }),
  });
  const textOf = async (world: World, run: Run): Promise<string> => {
    let text = '';
    await world.until(
      (async () => {
        for await (const page of run.resultText()) text += page.text;
      })(),
    );
    return text;
  };
  const objectsOf = async (world: World): Promise<readonly string[]> => {
    const store = await world.storage.open()();
    if (store._tag === 'Left') throw new Error('no store');
    const reader = await store.right.read('mortal' as never)();
    if (reader._tag === 'Left') throw new Error('no run');
    const listed = await reader.right.artifacts.list('')();
    return listed._tag === 'Left' ? [] : listed.right.map(({ name }) => name);
  };
  /** Does it, in as many lives as it takes; says how many. */
  const lived = async <A>(
    world: World,
    work: () => Promise<A>,
  ): Promise<{ readonly done: A; readonly lives: number }> => {
    for (let lives = 1; ; lives += 1) {
      try {
        return { done: await work(), lives };
      } catch (error) {
        if (!(error instanceof ProcessKilled) || lives > 3) throw error;
        await world.crash();
      }
    }
  };
  const toEnd = (world: World, isKept: boolean): Promise<Run> =>
    lived(world, async () => {
      const run = await world.until(world.runner.start(jobIn(world, isKept), { runId: 'mortal' }));
      await world.settle(run);
      return run as unknown as Run;
    }).then(({ done }) => done);

  it('while raw files are made compact has either one: the run comes to the same end, and the same results', async () => {
    const points: CrashPoint[] = [];
    const unharmed = await worldOf((point) => (points.push(point), false));
    // A process that dies meanwhile sees the end of a batch later, or adopts it.
    const resultsOf = async (world: World, run: Run): Promise<string> =>
      (await textOf(world, run)).replaceAll(/"latency_s":[^,]+,/gu, '');
    const wanted = await resultsOf(unharmed, await toEnd(unharmed, false));
    const left = (await objectsOf(unharmed)).map(
      (name) => name.replace(/-e\d+-\d+/u, '').split('/')[0],
    );
    const first = points.findIndex(({ call }) => call === 'artifacts.remove');
    expect(first).toBeGreaterThan(0);
    // From just before the first file is made compact.
    const about = points.slice(first - 6);
    expect(new Set(about.map(({ call }) => call)).has('artifacts.put')).toBe(true);
    for (const { ordinal, call, side } of about) {
      let hasStruck = false;
      const world = await worldOf((point) => !hasStruck && (hasStruck = point.ordinal === ordinal));
      const run = await toEnd(world, false);
      const where = `${side} ${call}, point ${ordinal}`;
      expect(hasStruck, where).toBe(true);
      expect(await resultsOf(world, run), where).toBe(wanted);
      expect(
        (await objectsOf(world)).filter((name) => name.startsWith('raw/')),
        where,
      ).toEqual([]);
      expect(left.filter((part) => part === 'compact').length, where).toBeGreaterThan(1);
      expect((await world.until(run.verify())).broken, where).toBeNull();
    }
  });

  it('while a run is pruned leaves it readable, byte for byte, and the next call finishes', async () => {
    // Points of the pruning alone, of which the first world counts how many there are.
    const play = async (
      strikeAt: number,
    ): Promise<{
      readonly points: readonly CrashPoint[];
      readonly left: readonly string[];
      readonly struck: boolean;
    }> => {
      const points: CrashPoint[] = [];
      let isPruning = false;
      const world = await worldOf((point) => {
        if (!isPruning) return false;
        points.push(point);
        return points.length === strikeAt;
      });
      const out = join(folder, `out-${strikeAt}`);
      const run = await toEnd(world, true);
      const wanted = await textOf(world, run);
      // The disk of this machine knows nothing of virtual time.
      await run.exportArtifacts(out);
      isPruning = true;
      const { lives } = await lived(world, async () => {
        const again = await world.until(world.runner.getRun('mortal'));
        // Whatever the last life left.
        expect(await textOf(world, again), `point ${strikeAt}`).toBe(wanted);
        expect((await world.until(again.verify())).broken, `point ${strikeAt}`).toBeNull();
        return world.until(again.pruneArtifacts({ raw: true }));
      });
      const last = await world.until(world.runner.getRun('mortal'));
      expect(await textOf(world, last), `point ${strikeAt}`).toBe(wanted);
      expect((await world.until(last.verify())).broken).toBeNull();
      return { points, left: await objectsOf(world), struck: lives === 2 };
    };
    const { points, left } = await play(0);
    expect(new Set(points.map(({ call }) => call))).toEqual(
      new Set(['artifacts.put', 'run.commit', 'artifacts.remove']),
    );
    expect(left.filter((name) => name.startsWith('raw/') || name.startsWith('requests/'))).toEqual(
      [],
    );
    for (let strikeAt = 1; strikeAt <= points.length; strikeAt += 1) {
      const played = await play(strikeAt);
      expect([strikeAt, played.struck, played.left]).toEqual([strikeAt, true, left]);
    }
    expect(readdirSync(folder).filter((name) => name.includes('incomplete'))).toEqual([]);
  });
});
