import assert from 'node:assert/strict';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import {
  type BatchKey,
  type Event,
  type OthersUse,
  quotaScopeOf,
  reservationOf,
  type RunId,
} from '../../core/internal.ts';
import type { OwnedRun, RunStore } from '../../ports/run-store.ts';
import { storedRows } from '../../rows/read-rows.ts';
import { createPrng, type Prng } from '../../sim/prng.ts';
import { plain, valueOf as ok } from '../check.ts';
import { idOf, othersOf, plan, planAtMs, planned, planOk, quotaRun, settle } from './quota-runs.ts';
import { storeOperation } from './store-config.ts';
import { assertLike, type StoreLaw } from './store-law.ts';
import { step } from './store-runs.ts';

const nothing: OthersUse = { tokens: 0, requests: 0, stated: null, wants: [] };

/** Runs of one store share the queue of their scope. */
export const quotaLaws: readonly StoreLaw[] = [
  {
    name: 'shows what a run holds to the others of its scope, and to them alone',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 8);
      const two = await quotaRun(await at.another(), 'two', 8);
      assert.deepEqual(await othersOf(two), nothing);
      await planOk(one, 'a');
      assert.deepEqual(await othersOf(two), { tokens: 40, requests: 4, stated: null, wants: [] });
      await planOk(two, 'b');
      await planOk(two, 'c');
      assert.deepEqual(await othersOf(one), { tokens: 80, requests: 8, stated: null, wants: [] });
      assert.deepEqual(await othersOf(two), { tokens: 40, requests: 4, stated: null, wants: [] });
      assert.deepEqual(await othersOf(two, planAtMs, 'another/model'), nothing);
    },
  },

  {
    name: 'refuses a commit that was decided when others held less, whole, and takes it when it is decided again',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 4);
      const two = await quotaRun(await at.another(), 'two', 4);
      const early = await othersOf(two);
      await planOk(one, 'a');
      const before = [
        plain(two.snapshot),
        await ok(storedRows(two, 0, 9)),
        await ok(two.eventsAfter(0, 99)),
      ];
      for (const seen of [
        early,
        { ...early, tokens: 40 },
        { ...early, requests: 4 },
        { tokens: 39, requests: 4, stated: null, wants: [] },
      ])
        assertLike(await plan(two, 'b', seen), { left: { type: 'quota_taken' } });
      assert.deepEqual(
        [plain(two.snapshot), await ok(storedRows(two, 0, 9)), await ok(two.eventsAfter(0, 99))],
        before,
      );
      assert.deepEqual(await othersOf(one), nothing);
      // Others may hold less than was seen, and the same.
      assert.equal((await planOk(two, 'b')).live.length, 1);
      assert.deepEqual(await othersOf(one), { tokens: 40, requests: 4, stated: null, wants: [] });
      const three = await quotaRun(at.store, 'three', 4);
      assertLike(
        await plan(three, 'c', { tokens: 1_000, requests: 1_000, stated: null, wants: [] }),
        {
          right: { batchCount: 1 },
        },
      );
    },
  },

  {
    name: 'refuses by the guard what takes no capacity, too',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 4);
      const two = await quotaRun(at.store, 'two', 4);
      await planOk(one, 'a');
      const seen: readonly Event[] = [
        { type: 'OthersSeen', atMs: planAtMs, others: { tokens: 1, requests: 1 }, stated: null },
      ];
      const { version } = two.snapshot;
      assertLike(await two.commit(version, seen, { others: { tokens: 1, requests: 1 } })(), {
        left: { type: 'quota_taken' },
      });
      assert.equal(two.snapshot.version, version);
      await ok(two.commit(version, seen, { others: { tokens: 40, requests: 4 } }));
      await ok(two.commit(version + 1, [{ type: 'RunOpened', atMs: planAtMs }]));
    },
  },

  {
    name: 'frees what is settled, dropped, finished or removed',
    holds: async (at) => {
      const watcher = await quotaRun(await at.another(), 'watcher', 4);
      const settled = await quotaRun(at.store, 'settled', 8);
      await planOk(settled, 'a');
      await planOk(settled, 'b');
      await settle(settled, 'a');
      assert.deepEqual(await othersOf(watcher), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      await settle(settled, 'b');
      assert.equal(settled.snapshot.status, 'completed');
      assert.deepEqual(await othersOf(watcher), nothing);

      const dropped = await quotaRun(at.store, 'dropped', 4);
      await planOk(dropped, 'a');
      await step(dropped, { type: 'CancelRun', atMs: 3_100 });
      assert.deepEqual(await othersOf(watcher), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      await step(dropped, { type: 'DropBatch', atMs: 3_200, batchKey: 'a' as BatchKey });
      assert.deepEqual(await othersOf(watcher), nothing);

      const removed = await quotaRun(at.store, 'removed', 4);
      await planOk(removed, 'a');
      await removed.close();
      assert.deepEqual(await othersOf(watcher), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      await ok(at.store.remove(idOf('removed')));
      assert.deepEqual(await othersOf(watcher), nothing);
      // Its id comes again, and what it held does not.
      const again = await quotaRun(at.store, 'removed', 4);
      assert.deepEqual(await othersOf(watcher), nothing);
      await planOk(again, 'a');
      assert.deepEqual(await othersOf(watcher), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
    },
  },

  {
    name: 'moves what a run holds when its scope changes',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 8);
      const two = await quotaRun(await at.another(), 'two', 4);
      await planOk(one, 'a');
      await step(one, {
        type: 'ChangeOperation',
        atMs: 3_100,
        operation: storeOperation({ enqueue: { quotaScope: 'team' } }),
      });
      assert.equal(quotaScopeOf(one.snapshot.config), 'team');
      assert.deepEqual(await othersOf(two), nothing);
      assert.deepEqual(await othersOf(two, planAtMs, 'team'), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      const operation = storeOperation({ enqueue: { quotaScope: 'team' } });
      const [changed] = [{ type: 'OperationChanged', atMs: 3_100, operation } satisfies Event];
      await planOk(two, 'b');
      assertLike(await two.commit(two.snapshot.version, [changed], { others: nothing })(), {
        left: { type: 'quota_taken' },
      });
      assert.deepEqual(await othersOf(one, planAtMs, 'team'), nothing);
      assert.deepEqual(await othersOf(one), { tokens: 40, requests: 4, stated: null, wants: [] });
    },
  },

  {
    name: 'counts what a run without an owner holds, until its batches are over in any case',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 4);
      const two = await quotaRun(await at.another(), 'two', 4);
      const { untilMs } = reservationOf(await planOk(one, 'a'));
      await one.close();
      assert.deepEqual(await othersOf(two, untilMs - 1), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      assert.deepEqual(await othersOf(two, untilMs), nothing);
      // The process that drives it again says so.
      const again = await ok(at.store.own(idOf('one')));
      await step(again, { type: 'OpenRun', atMs: untilMs + 5 });
      assert.deepEqual(await othersOf(two, untilMs + 6), {
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
    },
  },

  {
    name: 'tells what a provider has said of the queue, when the run is over too',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 4);
      const two = await quotaRun(await at.another(), 'two', 4);
      const learn = async (run: OwnedRun, tokensMax: number, atMs: number): Promise<void> => {
        const stated = { tokensMax, requestsMax: null, atMs };
        await ok(
          run.commit(run.snapshot.version, [
            { type: 'QueueLearned', atMs, stated, guess: null, refusals: null },
          ]),
        );
      };
      await learn(one, 900, 3_050);
      const stated = { tokensMax: 900, requestsMax: null, atMs: 3_050 };
      assert.deepEqual(await othersOf(two), { tokens: 0, requests: 0, stated, wants: [] });
      await planOk(one, 'a');
      await settle(one, 'a');
      assert.equal(one.snapshot.status, 'completed');
      await one.close();
      assert.deepEqual(await othersOf(two, 4_000), { tokens: 0, requests: 0, stated, wants: [] });
      // The last word counts.
      const three = await quotaRun(at.store, 'three', 4);
      await learn(three, 700, 3_060);
      assert.deepEqual((await othersOf(two, 1e15)).stated, {
        tokensMax: 700,
        requestsMax: null,
        atMs: 3_060,
      });
    },
  },

  {
    name: 'reports what a run waits for, while it checks for it, and no longer',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 8);
      const two = await quotaRun(await at.another(), 'two', 4);
      const need = {
        tokens: 10,
        requests: 1,
        usd: 0,
        retryAtMs: planAtMs + 9_000,
        sinceMs: planAtMs,
        looks: 0,
      };
      await ok(one.commit(one.snapshot.version, [{ type: 'PlanDeferred', atMs: planAtMs, need }]));
      const wanted = { tokens: 80, requests: 8, sinceMs: planAtMs };
      assertLike((await othersOf(two)).wants, [wanted]);
      const later = { ...need, retryAtMs: planAtMs + 60_000, looks: 1 };
      await ok(
        one.commit(one.snapshot.version, [
          { type: 'PlanDeferred', atMs: planAtMs + 9_000, need: later },
        ]),
      );
      assertLike((await othersOf(two, planAtMs + 320_000)).wants, [wanted]);
      // No run waits for one that reads no more.
      assert.deepEqual((await othersOf(two, planAtMs + 10_000_000)).wants, []);
      await planOk(one, 'a');
      assert.deepEqual(await othersOf(two), { tokens: 40, requests: 4, stated: null, wants: [] });
    },
  },

  {
    name: 'still knows what runs hold when it is opened again, whichever process owns them',
    holds: async (at) => {
      const one = await quotaRun(at.store, 'one', 8);
      await planOk(one, 'a');
      await planOk(one, 'b');
      await one.close();
      await at.store.close();
      const two = await quotaRun(await at.another(), 'two', 4);
      assert.deepEqual(await othersOf(two), { tokens: 80, requests: 8, stated: null, wants: [] });
      const again = await ok((await at.another()).own(idOf('one')));
      assert.deepEqual(await othersOf(two), { tokens: 80, requests: 8, stated: null, wants: [] });
      await settle(again, 'a');
      assert.deepEqual(await othersOf(two), { tokens: 40, requests: 4, stated: null, wants: [] });
    },
  },

  {
    name: 'gives the capacity to one at most of runs that plan at the same moment',
    holds: async (at) => {
      const stores = [at.store, await at.another(), await at.another()];
      const runs: OwnedRun[] = [];
      for (let i = 0; i < 8; i += 1)
        runs.push(await quotaRun(stores[i % stores.length] as RunStore, `run-${i}`, 4));
      const answers = await Promise.all(runs.map((run) => plan(run, `b-${run.runId}`, nothing)));
      const committed = runs.filter((_, i) => isRight(answers[i] as (typeof answers)[number]));
      assert.ok(committed.length <= 1);
      for (const answer of answers)
        if (isLeft(answer)) assert.equal(answer.left.type, 'quota_taken');
      // A run that yielded holds nothing.
      const last = runs.find((run) => !committed.includes(run)) as OwnedRun;
      assert.deepEqual(await othersOf(last), {
        tokens: 40 * committed.length,
        requests: 4 * committed.length,
        stated: null,
        wants: [],
      });
      await ok(() => plan(last, 'again'));
    },
  },

  {
    name: 'never lets runs that plan at once hold more together than they share, and lets each come to its end',
    holds: async (at) => {
      const [runCount, budget] = [8, 100];
      const stores = [at.store, await at.another(), await at.another()];
      const runs: OwnedRun[] = [];
      for (let i = 0; i < runCount; i += 1)
        runs.push(
          await quotaRun(stores[i % stores.length] as RunStore, `run-${i}`, 12, {
            enqueuedTokenLimit: budget,
          }),
        );
      const prng = createPrng(1);
      const seen: Seen = { held: new Map(), most: 0, taken: 0, allPlanned: latchOf(runCount) };
      await Promise.all(runs.map((run) => driveToEnd(run, prng, seen)));
      assert.deepEqual(
        runs.map(({ snapshot }) => [snapshot.status, snapshot.totals.completed]),
        runs.map(() => ['completed', 12]),
      );
      assert.ok(seen.most <= budget);
      // And they did meet: all planned their first batch before one of them was committed, and not
      // all of those fit.
      assert.ok(seen.most > 0);
      assert.ok(seen.taken > 0);
    },
  },
];

const wait = (prng: Prng, msMax: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, prng.next() * msMax));

interface Seen {
  /** Between the acknowledgement of a plan and the moment before it is settled. */
  readonly held: Map<RunId, number>;
  most: number;
  taken: number;
  /** Counts a run that has planned its first batch; resolves when the last one has. */
  readonly allPlanned: () => Promise<void>;
}

const latchOf = (count: number): (() => Promise<void>) => {
  let missing = count;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return opened;
  };
};

/**
 * Plans and settles batches until the run is finished, and notes the most that all runs ever held
 * together.
 */
const driveToEnd = async (run: OwnedRun, prng: Prng, seen: Seen): Promise<void> => {
  for (let turn = 0; run.snapshot.status === 'running'; turn += 1) {
    await wait(prng, 10);
    const others = await othersOf(run);
    const name = `${run.runId}-${turn}`;
    const events = await planned(run, name, others);
    // Where another may come in between.
    await (turn === 0 ? seen.allPlanned() : wait(prng, 4));
    if (events.length === 0) continue;
    const committed = await run.commit(run.snapshot.version, events, { others })();
    if (isLeft(committed)) {
      if (committed.left.type !== 'quota_taken') throw new Error(JSON.stringify(committed.left));
      seen.taken += 1;
      await wait(prng, 30);
      continue;
    }
    if (run.snapshot.live.length === 0) continue;
    seen.held.set(run.runId, reservationOf(run.snapshot).tokens);
    seen.most = Math.max(
      seen.most,
      [...seen.held.values()].reduce((sum, tokens) => sum + tokens, 0),
    );
    // Long enough for others to come in, were they let.
    await wait(prng, 60);
    seen.held.delete(run.runId);
    await settle(run, name);
  }
};
