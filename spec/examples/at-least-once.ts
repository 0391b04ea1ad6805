import { isRight } from 'fp-ts/lib/Either.js';
import { asapScheduler } from 'rxjs';
import { decide, emptySnapshot, type RunConfig, type RunId } from '../../lib/core/internal.ts';
import type { OwnedRun } from '../../lib/ports/index.ts';
import { digestOf } from '../../lib/run/job/digest.ts';
import { fakeConnection } from '../../lib/sim/connection.ts';
import { createPrng, hexOf, type Prng } from '../../lib/sim/prng.ts';
import {
  createFakeProvider,
  type FakeProvider,
  type FakeProviderOptions,
} from '../../lib/sim/provider/index.ts';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import { nextTurn } from '../../lib/sim/turns.ts';
import type { EnginePorts } from '../../lib/effects/ports.ts';
import { right } from '../support/sim/engine-lab.ts';

/**
 * A workflow engine that runs every activity at least once, as DBOS and Restate do, in virtual time
 * and by a seed: it loses results and runs the activity again, runs it twice at once after a
 * timeout, kills the worker between two calls of the world, and replays its history. Everything
 * that crosses to an activity and back is JSON.
 */
export interface Losses {
  /** Of a hundred activities, so many whose result is lost, … */
  readonly lost: number;
  /** … that are taken for dead while they run, and run again beside themselves, … */
  readonly doubled: number;
  /** … whose worker dies in the midst of them, with all that runs in it. */
  readonly killed: number;
}

/** As much of a platform as the example needs. */
export interface AtLeastOnce {
  now(): number;
  waitUntil(atMs: number | null, woken: () => boolean): Promise<void>;
  activity<Args extends readonly unknown[], A>(
    name: string,
    fn: (...args: Args) => Promise<A>,
    options?: unknown,
  ): (...args: Args) => Promise<A>;
  onSignal(name: string, handler: () => void): void;
}

export interface Played {
  readonly fake: FakeProvider;
  readonly run: OwnedRun;
  readonly activityCount: number;
  readonly replays: number;
  readonly kills: number;
  /** Why the workflow failed to come to its end. */
  readonly failure: string | null;
}

type Activities = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export interface Workflow<A extends Activities> {
  createActivities(ports: EnginePorts): A;
  run(platform: AtLeastOnce, activities: A): Promise<unknown>;
}

interface Done {
  readonly call: number;
  readonly atMs: number;
  readonly result: string | null;
}
/** What the engine wrote down: an activity's end, or that time has come. */
type Entry = Done | { readonly call: null; readonly atMs: number };

const json = (value: unknown): string => JSON.stringify(value);
const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const runId = 'workflow' as RunId;

export const play = async <A extends Activities>(
  workflow: Workflow<A>,
  seed: number,
  losses: Losses,
  {
    config,
    rows,
    provider: options = {},
  }: { readonly config: RunConfig; readonly rows: number; readonly provider?: FakeProviderOptions },
): Promise<Played> => {
  const prng = createPrng(seed);
  let nowMs = startMs;
  const fake = createFakeProvider({
    seed,
    turnaroundMs: { min: 60_000, max: 300_000 },
    ...options,
    nowMs: () => nowMs,
  });
  const storage = memoryStore();
  let store = await right(storage.open());
  let ids = 0;
  const items = {
    kind: 'array',
    ref: 'memory',
    fingerprint: () => Promise.resolve(''),
    async *read(from: unknown) {
      for (let i = typeof from === 'number' ? from : 0; i < rows; i += 1)
        yield await Promise.resolve({ item: { itemId: `row${i}`, payload: i }, position: i + 1 });
    },
  };
  let worker = 0;
  /** A call of the world that its worker may not live to see answered. */
  const slowly = <Port extends object>(port: Port, names: readonly string[], of: number): Port =>
    new Proxy(port, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function' || !names.includes(String(key))) return member;
        return (...given: readonly unknown[]) =>
          async () => {
            await turns(prng);
            if (of !== worker) return new Promise<never>(() => undefined);
            const answer: unknown = await (
              Reflect.apply(member, target, given) as () => Promise<unknown>
            )();
            await turns(prng);
            return of === worker ? answer : new Promise<never>(() => undefined);
          };
      },
    });
  const portsOf = (run: OwnedRun): EnginePorts => ({
    run: slowly(run, ['commit'], worker),
    provider: slowly(
      fakeConnection(fake).connect({ ...config.provider, requestTimeoutMs: 60_000 }),
      ['upload', 'create', 'sweep', 'observe', 'download', 'deleteFile', 'cancel'],
      worker,
    ),
    source: { items, buildPrompt: (item) => `say ${String(item.payload)}` },
    tokens: null,
    scheduler: { now: () => nowMs, schedule: asapScheduler.schedule.bind(asapScheduler) },
    randomHex: (digits) => hexOf(seed, (ids += 1)).slice(0, digits),
    digest: digestOf,
  });

  let run = await right(store.create(runId, null));
  const created = decide(emptySnapshot, { type: 'CreateRun', atMs: nowMs, runId, config });
  if (!isRight(created)) throw new Error('the run cannot be created');
  await right(run.commit(0, created.right));
  let activities = workflow.createActivities(portsOf(run));
  let kills = 0;
  /** Settles when the worker dies: what runs in it is never heard of. */
  let isDying = false;
  let bury: () => void = () => undefined;
  let death = new Promise<undefined>((resolve) => (bury = () => resolve(undefined)));
  /** The next worker owns the run, and opens it: a create that was in flight is one to look for. */
  const kill = async (): Promise<void> => {
    if (isDying) return;
    isDying = true;
    worker += 1;
    kills += 1;
    storage.abandon();
    store = await right(storage.open());
    run = await right(store.own(runId));
    const opened = decide(run.snapshot, { type: 'OpenRun', atMs: nowMs });
    if (isRight(opened)) await right(run.commit(run.snapshot.version, opened.right));
    activities = workflow.createActivities(portsOf(run));
    isDying = false;
    bury();
    death = new Promise((resolve) => (bury = () => resolve(undefined)));
  };

  const history: Entry[] = [];
  const asked: string[] = [];
  const ready: Done[] = [];
  let open = 0;
  let failure: string | null = null;

  /** Runs an activity until one of its runs is heard. */
  const execute = async (call: number, name: string, args: string): Promise<void> => {
    open += 1;
    for (let attempt = 1; ; attempt += 1) {
      const mine = worker;
      const mineDies = death;
      const once = (): Promise<string | null> => {
        const act = activities[name] as (...given: unknown[]) => Promise<unknown>;
        return act(...(JSON.parse(args) as unknown[])).then(json, (error: unknown) => {
          if (attempt > 8) failure ??= `${name} ${args}: ${String(error)}`;
          return null;
        });
      };
      const fate = attempt > 3 ? 100 : prng.below(100);
      const first = once();
      if (fate < losses.killed) {
        await turns(prng);
        if (mine === worker) await kill();
        continue;
      }
      const heard = fate < losses.killed + losses.doubled ? turns(prng).then(once) : first;
      const result = await Promise.race([heard, mineDies]);
      if (
        result === undefined ||
        (fate >= losses.killed + losses.doubled &&
          fate < losses.killed + losses.doubled + losses.lost)
      )
        continue;
      if (result === null && attempt <= 8) continue;
      ready.push({ call, atMs: nowMs, result });
      open -= 1;
      return;
    }
  };

  /** One life of the workflow's code, from its beginning. */
  const begin = () => {
    let clockMs = startMs;
    let calls = 0;
    let end: { readonly value: unknown } | null = null;
    const pending = new Map<
      number,
      { resolve(value: unknown): void; reject(error: Error): void }
    >();
    let sleeper: {
      readonly atMs: number | null;
      readonly woken: () => boolean;
      readonly wake: () => void;
    } | null = null;
    const platform: AtLeastOnce = {
      now: () => clockMs,
      waitUntil: (atMs, woken) => new Promise((wake) => (sleeper = { atMs, woken, wake })),
      activity: (name, _fn) =>
        ((...args: readonly unknown[]) =>
          new Promise<unknown>((resolve, reject) => {
            const call = calls++;
            pending.set(call, { resolve, reject });
            const said = json([name, args]);
            const known = asked[call];
            if (known === undefined) {
              asked.push(said);
              void execute(call, name, json(args));
            } else if (known !== said) failure ??= `replay asks ${said}, and history has ${known}`;
          })) as never,
      onSignal: () => undefined,
    };
    const rouse = async (): Promise<void> => {
      await nextTurn();
      while (
        sleeper !== null &&
        (sleeper.woken() || (sleeper.atMs !== null && sleeper.atMs <= clockMs))
      ) {
        const { wake } = sleeper;
        sleeper = null;
        wake();
        await nextTurn();
      }
    };
    const over = workflow.run(platform, activities).then(
      (value) => void (end = { value }),
      (error: unknown) => void (failure ??= String(error)),
    );
    void over;
    return {
      rouse,
      isOver: () => end !== null,
      wakeMs: () => sleeper?.atMs ?? null,
      async deliver(entry: Entry): Promise<void> {
        clockMs = entry.atMs;
        if (entry.call !== null) {
          const waiter = pending.get(entry.call);
          pending.delete(entry.call);
          if (entry.result === null) waiter?.reject(new Error('the activity failed'));
          else waiter?.resolve(JSON.parse(entry.result));
        }
        await rouse();
      },
    };
  };

  let life = begin();
  await life.rouse();
  let replays = 0;
  const lateMs = startMs + 30 * dayMs;
  const take = async (entry: Entry): Promise<void> => {
    history.push(entry);
    await life.deliver(entry);
  };
  while (!life.isOver() && failure === null && nowMs < lateMs) {
    const done = ready.shift();
    if (done !== undefined) {
      await take({ ...done, atMs: nowMs });
      if (prng.below(25) === 0) {
        replays += 1;
        life = begin();
        await life.rouse();
        for (const entry of history) await life.deliver(entry);
      }
    } else if (open > 0) await nextTurn();
    else {
      const wakeMs = life.wakeMs();
      if (wakeMs === null) break;
      nowMs = Math.max(nowMs, wakeMs);
      await take({ call: null, atMs: nowMs });
    }
  }
  if (!life.isOver())
    failure ??= `it stands still: ${json(run.snapshot.control)} ${json(run.snapshot.totals)}`;
  return { fake, run, activityCount: asked.length, replays, kills, failure };
};

const turns = async (prng: Prng): Promise<void> => {
  for (let left = prng.below(4); left > 0; left -= 1) await nextTurn();
};
