import * as TE from 'fp-ts/lib/TaskEither.js';
import {
  enqueueBudget,
  isFinished,
  type RunSnapshot,
  usedBudget,
} from '../../../lib/core/internal.ts';
import type { JsonObject } from '../../../lib/core/internal.ts';
import { type BatchJob, defineJob } from '../../../lib/run/job/job.ts';
import type { Run } from '../../../lib/index.ts';
import type { OwnedRun, RunStore, Storage } from '../../../lib/ports/index.ts';
import {
  createWorld,
  type FakeProviderConfig,
  memoryStore,
  ProcessKilled,
  uniform,
  type World,
} from '../../../lib/sim/index.ts';
import { diceOf } from './scenario.ts';
import { othersInScope } from '../../../lib/effects/plan/plan.ts';

/** What several runs did to the one queue that they share. */
export interface SharedPlay {
  readonly seed: number;
  readonly runs: number;
  readonly plans: number;
  /** Plans that another run was faster than. */
  readonly givenWay: number;
  readonly crashes: number;
  /** The fullest that the queue was, by its limit. */
  readonly fullest: number;
  readonly refusals: number;
  readonly doublePaid: number;
  /** Plans that were admitted beyond the budget known at that moment. */
  readonly breaches: readonly string[];
}

interface Watch {
  plans: number;
  givenWay: number;
  fullest: number;
  readonly breaches: string[];
}

/**
 * Adds up, at every commit that plans, what all runs of the store hold then. With `isBlind` plans
 * are committed whatever others hold.
 */
const watched = (storage: Storage<'local'>, watch: Watch, isBlind: boolean): Storage<'local'> => {
  const held = new Map<string, RunSnapshot>();
  const keep = (snapshot: RunSnapshot): void => void held.set(snapshot.runId, snapshot);
  const run = (owned: OwnedRun): OwnedRun => {
    keep(owned.snapshot);
    const commit: OwnedRun['commit'] = (version, events, guard) => async () => {
      const before = owned.snapshot;
      const committed = await owned.commit(version, events, isBlind ? undefined : guard)();
      if (committed._tag === 'Left') {
        if (committed.left.type === 'quota_taken') watch.givenWay += 1;
        return committed;
      }
      keep(committed.right);
      const planned = events.find((event) => event.type === 'BatchPlanned');
      if (planned === undefined) return committed;
      watch.plans += 1;
      const all = [...held.values()].filter((snapshot) => !isFinished(snapshot)).map(usedBudget);
      const tokens = all.reduce((sum, use) => sum + use.tokens, 0);
      const requests = all.reduce((sum, use) => sum + use.requests, 0);
      const budget = enqueueBudget(before, planned.atMs);
      watch.fullest = Math.max(watch.fullest, tokens / (budget.tokens ?? Infinity));
      if (tokens > (budget.tokens ?? Infinity) || requests > (budget.requests ?? Infinity))
        watch.breaches.push(
          `${committed.right.runId}: ${tokens} of ${budget.tokens} tokens, ${requests} of ${budget.requests} requests`,
        );
      return committed;
    };
    // What was seen of the others is some turns old when it is decided upon: others decide
    // meanwhile.
    const late: OwnedRun['othersInScope'] = (scope, nowMs) => async () => {
      const others = await othersInScope(owned, scope, nowMs)();
      for (let turn = 0; turn < checkTurns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      return others;
    };
    const anew: Partial<OwnedRun> = { commit, othersInScope: late };
    return new Proxy(owned, {
      get: (target, key) =>
        (Object.hasOwn(anew, key)
          ? Reflect.get(anew, key)
          : (Reflect.get(target, key, target) as unknown)) as unknown,
    });
  };
  return {
    ...storage,
    open: () =>
      TE.Monad.map(storage.open(), (store): RunStore => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), run),
        create: (runId, description) => TE.Monad.map(store.create(runId, description), run),
      })),
  };
};

const checkTurns = 5;
const minuteMs = 60_000;

/**
 * Several runs, started one after the other, in a process that dies now and then; the queue is as
 * large as they are configured for.
 */
export const playSharedQueue = async (
  seed: number,
  { isBlind = false }: { readonly isBlind?: boolean } = {},
): Promise<SharedPlay> => {
  const dice = diceOf(seed);
  const watch: Watch = { plans: 0, givenWay: 0, fullest: 0, breaches: [] };
  const limit = dice.between(300, 3_000);
  const requestLimit = dice.isDrawn(0.3) ? dice.between(5, 60) : undefined;
  const crashProbability = dice.oneOf([0, 0.005, 0.02]);
  let points = 0;
  let isFaulty = true;
  await using world = await createWorld({
    seed,
    storage: watched(memoryStore(), watch, isBlind),
    enqueuedTokensMax: limit,
    ...(requestLimit === undefined ? {} : { enqueuedRequestsMax: requestLimit }),
    turnaroundMs: { min: minuteMs, max: dice.between(1, 20) * minuteMs },
    answer: () => ({ text: 'ok' }),
    crashAt: ({ call, side }) =>
      isFaulty && uniform(seed, 'crash', call, side, (points += 1)) < crashProbability,
  });
  const jobs = Array.from({ length: dice.between(2, 5) }, (_, r) => {
    const rows = dice.between(5, 150);
    return {
      runId: `run-${r}`,
      afterMs: dice.oneOf([0, 0, 5_000, 10 * minuteMs]),
      job: defineJob({
        items: Array.from({ length: rows }, (_, i) => ({
          itemId: `${r}-${i}`,
          payload: 'word '.repeat(1 + ((i * 31 + r) % 40)),
        })),
        buildPrompt: ({ payload }) => payload,
        providerConfig: world.connection({
          model: 'fake-1',
          enqueueLimits: {
            enqueuedTokenLimit: limit,
            ...(requestLimit === undefined ? {} : { enqueuedRequestLimit: requestLimit }),
            targetRatio: dice.oneOf([1, 1, 0.8]),
          },
        }),
        chunkPolicy: { maxRequests: dice.between(3, 80), planAfterMs: dice.oneOf([0, minuteMs]) },
      }),
    };
  });
  let crashes = 0;
  const started = new Set<string>();
  for (;;) {
    try {
      const runs = await startAll(world, jobs, started);
      isFaulty = crashes < 12;
      await world.until(Promise.all(runs.map((run) => run.wait())), {
        virtualMsMax: 60 * 24 * 60 * minuteMs,
      });
      const events = (await Promise.all(runs.map(async (run) => collect(run)))).flat();
      return {
        seed,
        runs: runs.length,
        ...watch,
        crashes,
        refusals: events.filter((type) => type === 'queue_refused').length,
        doublePaid: world.ledger.doublePaidItemIds.length,
      };
    } catch (error) {
      if (!(error instanceof ProcessKilled)) throw error;
      crashes += 1;
      await world.crash();
    }
  }
};

type Jobs = readonly {
  readonly runId: string;
  readonly afterMs: number;
  readonly job: BatchJob<string, JsonObject, undefined, FakeProviderConfig>;
}[];

/** All at once, or one after the other. */
const startAll = async (
  world: World,
  jobs: Jobs,
  started: Set<string>,
): Promise<readonly Run[]> => {
  const start = async ({ runId, job }: Jobs[number]): Promise<Run> => {
    started.add(runId);
    return (await world.runner.start(job, { runId })) as Run;
  };
  const atOnce = jobs.filter(({ runId, afterMs }) => afterMs === 0 || started.has(runId));
  const runs = [...(await world.until(Promise.all(atOnce.map(start))))];
  for (const late of jobs.filter((job) => !atOnce.includes(job))) {
    await world.advance(late.afterMs);
    if (world.isDown) throw new ProcessKilled('while time passed');
    runs.push(await world.until(start(late)));
  }
  return runs;
};

const collect = async (run: Run): Promise<readonly string[]> => {
  const types: string[] = [];
  for await (const { eventType } of run.events()) types.push(eventType);
  return types;
};
