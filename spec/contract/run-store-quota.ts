import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BatchKey,
  type Event,
  type OthersUse,
  quotaScopeOf,
  reservationOf,
  type RunId,
} from '../../lib/core/internal.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import { makeOperation } from '../support/core/config.ts';
import { type Dice, diceOf, roll } from '../support/core/dice.ts';
import { idOf, othersOf, plan, planAtMs, planned, planOk, quotaRun, settle } from './quota-runs.ts';
import { ok, plain, type RunStoreFixture, step } from './run-store-fixture.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

const nothing: OthersUse = { tokens: 0, requests: 0, stated: null, wants: [] };

/** Runs of one store share the queue of their scope. */
export const describeQuotaContract = (
  name: string,
  factory: () => Promise<RunStoreFixture>,
): void => {
  describe(`${name} lets runs share a queue: it`, () => {
    let fixture: RunStoreFixture;
    let store: RunStore;
    const open: RunStore[] = [];
    /** The storage as another process has it. */
    const another = async (): Promise<RunStore> => {
      const opened = await fixture.open();
      open.push(opened);
      return opened;
    };
    beforeEach(async () => {
      fixture = await factory();
      store = await another();
    });
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
      await fixture.dispose();
    });

    it('shows what a run holds to the others of its scope, and to them alone', async () => {
      const one = await quotaRun(store, 'one', 8);
      const two = await quotaRun(await another(), 'two', 8);
      expect(await othersOf(two)).toEqual(nothing);
      await planOk(one, 'a');
      expect(await othersOf(two)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      await planOk(two, 'b');
      await planOk(two, 'c');
      expect(await othersOf(one)).toEqual({ tokens: 80, requests: 8, stated: null, wants: [] });
      expect(await othersOf(two)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      expect(await othersOf(two, planAtMs, 'another/model')).toEqual(nothing);
    });

    it('refuses a commit that was decided when others held less, whole, and takes it when it is decided again', async () => {
      const one = await quotaRun(store, 'one', 4);
      const two = await quotaRun(await another(), 'two', 4);
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
        expect(await plan(two, 'b', seen)).toMatchObject({ left: { type: 'quota_taken' } });
      expect([
        plain(two.snapshot),
        await ok(storedRows(two, 0, 9)),
        await ok(two.eventsAfter(0, 99)),
      ]).toEqual(before);
      expect(await othersOf(one)).toEqual(nothing);
      // Others may hold less than was seen, and the same.
      expect((await planOk(two, 'b')).live.length).toBe(1);
      expect(await othersOf(one)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      const three = await quotaRun(store, 'three', 4);
      expect(
        await plan(three, 'c', { tokens: 1_000, requests: 1_000, stated: null, wants: [] }),
      ).toMatchObject({
        right: { batchCount: 1 },
      });
    });

    it('refuses by the guard what takes no capacity, too', async () => {
      const one = await quotaRun(store, 'one', 4);
      const two = await quotaRun(store, 'two', 4);
      await planOk(one, 'a');
      const seen: readonly Event[] = [
        { type: 'OthersSeen', atMs: planAtMs, others: { tokens: 1, requests: 1 }, stated: null },
      ];
      const { version } = two.snapshot;
      expect(
        await two.commit(version, seen, { others: { tokens: 1, requests: 1 } })(),
      ).toMatchObject({ left: { type: 'quota_taken' } });
      expect(two.snapshot.version).toBe(version);
      await ok(two.commit(version, seen, { others: { tokens: 40, requests: 4 } }));
      await ok(two.commit(version + 1, [{ type: 'RunOpened', atMs: planAtMs }]));
    });

    it('frees what is settled, dropped, finished or removed', async () => {
      const watcher = await quotaRun(await another(), 'watcher', 4);
      const settled = await quotaRun(store, 'settled', 8);
      await planOk(settled, 'a');
      await planOk(settled, 'b');
      await settle(settled, 'a');
      expect(await othersOf(watcher)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      await settle(settled, 'b');
      expect(settled.snapshot.status).toBe('completed');
      expect(await othersOf(watcher)).toEqual(nothing);

      const dropped = await quotaRun(store, 'dropped', 4);
      await planOk(dropped, 'a');
      await step(dropped, { type: 'CancelRun', atMs: 3_100 });
      expect(await othersOf(watcher)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      await step(dropped, { type: 'DropBatch', atMs: 3_200, batchKey: 'a' as BatchKey });
      expect(await othersOf(watcher)).toEqual(nothing);

      const removed = await quotaRun(store, 'removed', 4);
      await planOk(removed, 'a');
      await removed.close();
      expect(await othersOf(watcher)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
      await ok(store.remove(idOf('removed')));
      expect(await othersOf(watcher)).toEqual(nothing);
      // Its id comes again, and what it held does not.
      const again = await quotaRun(store, 'removed', 4);
      expect(await othersOf(watcher)).toEqual(nothing);
      await planOk(again, 'a');
      expect(await othersOf(watcher)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
    });

    it('moves what a run holds when its scope changes', async () => {
      const one = await quotaRun(store, 'one', 8);
      const two = await quotaRun(await another(), 'two', 4);
      await planOk(one, 'a');
      await step(one, {
        type: 'ChangeOperation',
        atMs: 3_100,
        operation: makeOperation({ enqueue: { quotaScope: 'team' } }),
      });
      expect(quotaScopeOf(one.snapshot.config)).toBe('team');
      expect(await othersOf(two)).toEqual(nothing);
      expect(await othersOf(two, planAtMs, 'team')).toEqual({
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      const operation = makeOperation({ enqueue: { quotaScope: 'team' } });
      const [changed] = [{ type: 'OperationChanged', atMs: 3_100, operation } satisfies Event];
      await planOk(two, 'b');
      expect(
        await two.commit(two.snapshot.version, [changed], { others: nothing })(),
      ).toMatchObject({ left: { type: 'quota_taken' } });
      expect(await othersOf(one, planAtMs, 'team')).toEqual(nothing);
      expect(await othersOf(one)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
    });

    it('counts what a run without an owner holds, until its batches are over in any case', async () => {
      const one = await quotaRun(store, 'one', 4);
      const two = await quotaRun(await another(), 'two', 4);
      const { untilMs } = reservationOf(await planOk(one, 'a'));
      await one.close();
      expect(await othersOf(two, untilMs - 1)).toEqual({
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
      expect(await othersOf(two, untilMs)).toEqual(nothing);
      // Whoever drives it again says so.
      const again = await ok(store.own(idOf('one')));
      await step(again, { type: 'OpenRun', atMs: untilMs + 5 });
      expect(await othersOf(two, untilMs + 6)).toEqual({
        tokens: 40,
        requests: 4,
        stated: null,
        wants: [],
      });
    });

    it('tells what a provider has said of the queue, when the run is over too', async () => {
      const one = await quotaRun(store, 'one', 4);
      const two = await quotaRun(await another(), 'two', 4);
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
      expect(await othersOf(two)).toEqual({ tokens: 0, requests: 0, stated, wants: [] });
      await planOk(one, 'a');
      await settle(one, 'a');
      expect(one.snapshot.status).toBe('completed');
      await one.close();
      expect(await othersOf(two, 4_000)).toEqual({ tokens: 0, requests: 0, stated, wants: [] });
      // The last word counts.
      const three = await quotaRun(store, 'three', 4);
      await learn(three, 700, 3_060);
      expect((await othersOf(two, 1e15)).stated).toEqual({
        tokensMax: 700,
        requestsMax: null,
        atMs: 3_060,
      });
    });

    it('reports what a run waits for, while it checks for it, and no longer', async () => {
      const one = await quotaRun(store, 'one', 8);
      const two = await quotaRun(await another(), 'two', 4);
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
      expect((await othersOf(two)).wants).toMatchObject([wanted]);
      const later = { ...need, retryAtMs: planAtMs + 60_000, looks: 1 };
      await ok(
        one.commit(one.snapshot.version, [
          { type: 'PlanDeferred', atMs: planAtMs + 9_000, need: later },
        ]),
      );
      expect((await othersOf(two, planAtMs + 320_000)).wants).toMatchObject([wanted]);
      // Nobody waits for one that looks no more.
      expect((await othersOf(two, planAtMs + 10_000_000)).wants).toEqual([]);
      await planOk(one, 'a');
      expect(await othersOf(two)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
    });

    it('still knows what runs hold when it is opened again, whichever process owns them', async () => {
      const one = await quotaRun(store, 'one', 8);
      await planOk(one, 'a');
      await planOk(one, 'b');
      await one.close();
      await store.close();
      const two = await quotaRun(await another(), 'two', 4);
      expect(await othersOf(two)).toEqual({ tokens: 80, requests: 8, stated: null, wants: [] });
      const again = await ok((await another()).own(idOf('one')));
      expect(await othersOf(two)).toEqual({ tokens: 80, requests: 8, stated: null, wants: [] });
      await settle(again, 'a');
      expect(await othersOf(two)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
    });

    it('gives the capacity to one at most of runs that plan at the same moment', async () => {
      const stores = [store, await another(), await another()];
      const runs: OwnedRun[] = [];
      for (let i = 0; i < 8; i += 1)
        runs.push(await quotaRun(stores[i % stores.length] as RunStore, `run-${i}`, 4));
      const answers = await Promise.all(runs.map((run) => plan(run, `b-${run.runId}`, nothing)));
      const committed = runs.filter((_, i) => isRight(answers[i] as (typeof answers)[number]));
      expect(committed.length).toBeLessThanOrEqual(1);
      for (const answer of answers)
        if (isLeft(answer)) expect(answer.left.type).toBe('quota_taken');
      // Whoever gave way holds nothing.
      const last = runs.find((run) => !committed.includes(run)) as OwnedRun;
      expect(await othersOf(last)).toEqual({
        tokens: 40 * committed.length,
        requests: 4 * committed.length,
        stated: null,
        wants: [],
      });
      await ok(() => plan(last, 'again'));
    });

    it('never lets runs that plan at once hold more together than they share, and lets each come to its end', async () => {
      const [runCount, budget] = [8, 100];
      const stores = [store, await another(), await another()];
      const runs: OwnedRun[] = [];
      for (let i = 0; i < runCount; i += 1)
        runs.push(
          await quotaRun(stores[i % stores.length] as RunStore, `run-${i}`, 12, {
            enqueuedTokenLimit: budget,
          }),
        );
      const dice = diceOf(Number(process.env['BATCHOR_SEED'] ?? 1));
      const seen: Seen = { held: new Map(), most: 0, taken: 0, allPlanned: latchOf(runCount) };
      await Promise.all(runs.map((run) => driveToEnd(run, dice, seen)));
      expect(runs.map(({ snapshot }) => [snapshot.status, snapshot.totals.completed])).toEqual(
        runs.map(() => ['completed', 12]),
      );
      expect(seen.most).toBeLessThanOrEqual(budget);
      // And they did meet: all planned their first batch before one of them was committed, and not
      // all of those fit.
      expect(seen.most).toBeGreaterThan(0);
      expect(seen.taken).toBeGreaterThan(0);
    });
  });
};

const wait = (dice: Dice, msMax: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, roll(dice) * msMax));

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
const driveToEnd = async (run: OwnedRun, dice: Dice, seen: Seen): Promise<void> => {
  for (let turn = 0; run.snapshot.status === 'running'; turn += 1) {
    await wait(dice, 10);
    const others = await othersOf(run);
    const name = `${run.runId}-${turn}`;
    const events = await planned(run, name, others);
    // Where another may come in between.
    await (turn === 0 ? seen.allPlanned() : wait(dice, 4));
    if (events.length === 0) continue;
    const committed = await run.commit(run.snapshot.version, events, { others })();
    if (isLeft(committed)) {
      if (committed.left.type !== 'quota_taken') throw new Error(JSON.stringify(committed.left));
      seen.taken += 1;
      await wait(dice, 30);
      continue;
    }
    if (run.snapshot.live.length === 0) continue;
    seen.held.set(run.runId, reservationOf(run.snapshot).tokens);
    seen.most = Math.max(
      seen.most,
      [...seen.held.values()].reduce((sum, tokens) => sum + tokens, 0),
    );
    // Long enough for others to come in, were they let.
    await wait(dice, 60);
    seen.held.delete(run.runId);
    await settle(run, name);
  }
};
