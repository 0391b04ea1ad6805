import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, it } from 'vitest';
import type { ProviderConfig } from '../../../lib/index.ts';
import type { OwnedRun, ProviderConnection, Storage } from '../../../lib/ports/index.ts';
import { verifyRun } from '../../../lib/run/audit/verify-run.ts';
import {
  createWorld,
  memoryStore,
  type MemoryStorage,
  ProcessKilled,
  type World,
} from '../../../lib/sim/index.ts';
import { everything, roughItems, settleAll } from '../../support/sim/everything.ts';
import { minuteMs, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import type { RowQuery } from '../../../lib/ports/row-query.ts';

type Wire = ReturnType<ProviderConnection['connect']>;
const wireOf = (world: World): Wire => {
  const config: ProviderConfig<never> = world.connection({ model: 'gpt-4.1-mini' });
  return world.connection.connect({ ...config, requestTimeoutMs: 1_000 });
};

/** The same storage; `look` is taken after every commit, of the version that was just committed. */
const watchedStorage = (
  look: (run: OwnedRun) => Promise<void>,
): Storage<'local'> & MemoryStorage => {
  const storage = memoryStore();
  const watched = (run: OwnedRun): OwnedRun => {
    const commit: OwnedRun['commit'] = (version, events) => async () => {
      const committed = await run.commit(version, events)();
      if (committed._tag === 'Right') await look(run);
      return committed;
    };
    return new Proxy(run, {
      get: (target, key) =>
        key === 'commit' ? commit : (Reflect.get(target, key, target) as unknown),
    });
  };
  return {
    ...storage,
    open: () =>
      TE.Monad.map(storage.open(), (store) => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), watched),
        create: (runId, description) => TE.Monad.map(store.create(runId, description), watched),
      })),
  };
};

describe('verify', () => {
  it('proves a whole run: all rows, results, lines and batches are counted, by every law', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(45), { maxRequests: 10 }));
    await world.settle(run);
    const verification = await run.verify();
    expect(verification).toMatchObject({
      isSound: true,
      broken: null,
      itemCount: 45,
      itemCounts: { completed: 45 },
    });
    expect(
      verification.laws.map(({ law, checkedCount, brokenCount }) => [
        law,
        checkedCount,
        brokenCount,
      ]),
    ).toEqual([
      ['rows', 45, 0],
      ['sequences', 45, 0],
      ['lines', 90, 0],
      // Five batches, a file each, and where each answer lies.
      ['batches', 5 + 5 + 45, 0],
      ['answers', 45, 0],
      ['attempts', 45, 0],
      // Five files of answers; request lines and item lines, one slice of each.
      ['objects', 7, 0],
    ]);
    expect(
      verification.batches.map((batch) => [
        batch.batchNo,
        batch.state,
        batch.requestCount,
        batch.completedCount,
      ]),
    ).toEqual([
      [1, 'settled', 10, 10],
      [2, 'settled', 10, 10],
      [3, 'settled', 10, 10],
      [4, 'settled', 10, 10],
      [5, 'settled', 5, 5],
    ]);
  });

  it('finds a run sound at any version, whatever goes wrong on the way', async () => {
    let looks = 0;
    const states = new Set<string>();
    for (const seed of [3, 4, 5]) {
      const unsound: string[] = [];
      let wire: Wire | null = null;
      let commits = 0;
      const storage = watchedStorage(async (run) => {
        commits += 1;
        if (commits % 3 !== seed % 3) return;
        const verification = await verifyRun(
          { reader: run, openReader: () => Promise.reject(new Error('it moved')) },
          wire as Wire,
          {},
        );
        looks += 1;
        for (const batch of verification.batches) states.add(batch.state);
        if (!verification.isSound)
          unsound.push(JSON.stringify([verification.version, verification.broken]));
      });
      await using world = await createWorld({ ...quick, seed, storage, faults: everything });
      wire = wireOf(world);
      const job = jobOf(
        world.connection,
        roughItems(60),
        { maxRequests: 8 },
        { badRows: 'record', retryPolicy: { maxAttempts: 3 } },
      );
      const run = await world.runner.start(job, { runId: 'bad' });
      await world.advance(40 * minuteMs);
      if (seed === 5) await run.cancel();
      const summary = await settleAll(world, run);
      expect([seed, unsound.slice(0, 3)]).toEqual([seed, []]);
      const { itemCounts, batches } = await run.verify();
      expect(itemCounts).toEqual(summary.itemCounts);
      expect(batches.length).toBe(summary.batchCount);
    }
    expect(looks).toBeGreaterThan(60);
    expect([...states].toSorted()).toEqual(
      ['live', 'settled', ...(states.has('dropped') ? ['dropped'] : [])].toSorted(),
    );
  });

  it('finds a run sound that was killed again and again', async () => {
    await using world = await createWorld({
      ...quick,
      seed: 11,
      faults: everything,
      crashAt: ({ ordinal }) => ordinal % 97 === 96,
    });
    const job = jobOf(world.connection, itemsOf(60), { maxRequests: 8 });
    let crashes = 0;
    for (let isOver = false; !isOver;) {
      try {
        const run = await world.until(world.runner.start(job, { runId: 'killed' }));
        await settleAll(world, run);
        expect((await world.until(run.verify())).broken).toBeNull();
        isOver = true;
      } catch (error) {
        if (!(error instanceof ProcessKilled)) throw error;
        crashes += 1;
        await world.crash();
      }
    }
    expect(crashes).toBeGreaterThan(2);
  });

  it('begins again when the run moves under it, and gives up in words when it never stands', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(
      jobOf(world.connection, itemsOf(30), { maxRequests: 10 }),
      { runId: 'moving' },
    );
    await world.settle(run);
    const store = await world.storage.open()();
    if (store._tag === 'Left') throw new Error('no store');
    const read = await store.right.read('moving' as never)();
    if (read._tag === 'Left') throw new Error('no run');
    const still = read.right;
    let reads = 0;
    /** A reader that shows a newer version after each of the first so many pages of rows. */
    const moving = (times: number) =>
      new Proxy(still, {
        get: (target, key) => {
          if (key === 'snapshot')
            return {
              ...target.snapshot,
              version: target.snapshot.version + Math.min(reads, times),
            };
          if (key === 'refresh')
            return () =>
              TE.of({
                ...target.snapshot,
                version: target.snapshot.version + Math.min(reads, times),
              });
          if (key === 'rows')
            return (query: RowQuery) => {
              if (query.parts.join() === 'ids,states,sameAs') reads += 1;
              return target.rows(query);
            };
          return Reflect.get(target, key, target) as unknown;
        },
      });
    const verified = await verifyRun(
      { reader: moving(1), openReader: () => Promise.resolve(still) },
      wireOf(world),
      {},
    );
    expect([verified.isSound, reads]).toEqual([true, 1]);
    reads = 0;
    const never = moving(Infinity);
    await expect(
      verifyRun({ reader: never, openReader: () => Promise.resolve(never) }, wireOf(world), {}),
    ).rejects.toMatchObject({
      code: 'run_not_finished',
      message: expect.stringContaining('changed during each of 5 attempts') as string,
    });
  });

  it('tells how far it is, and ends where it is aborted', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(30), { maxRequests: 10 }));
    await world.settle(run);
    const seen: number[] = [];
    await run.verify({
      onProgress: ({ checkedCount, totalCount }) => seen.push(checkedCount / totalCount),
    });
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    await expect(run.verify({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});
