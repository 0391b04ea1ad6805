import type { SchedulerLike } from 'rxjs';
import { isBatchorError } from '../run/api/errors.ts';
import type { BatchRunner } from '../run/api/runner.ts';
import type { Run } from '../run/api/run.ts';
import type { RunSummary } from '../run/view/summary.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { OwnedRun, Storage } from '../ports/run-store.ts';
import { fakeConnection, type FakeConnection } from './connection.ts';
import { faultyConnection, faultyStorage } from './faulty-ports.ts';
import { createItemNames } from './item-names.ts';
import { hashText, hexOf } from './prng.ts';
import { type CrashPoint, createProcess, type SimulatedProcess } from './process.ts';
import type { FakeProviderOptions } from './provider/options.ts';
import { createFakeProvider, type FakeProvider } from './provider/provider.ts';
import { SimulatedRunner } from './simulated-runner.ts';
import { memoryStore, type MemoryStorage } from './store/memory-store.ts';
import { fakeTokens } from './fake-tokens.ts';
import type { ServiceTraits } from '../core/values/service-traits.ts';
import type { TokenCounter } from '../ports/tokens.ts';
import { createVirtualTime } from './virtual-time.ts';

/**
 * What a simulated world is made of: the seed, the start date, the storage and the provider's
 * faults.
 */
export interface WorldOptions extends FakeProviderOptions {
  /** What the provider is like, as OpenAI's by default. */
  readonly traits?: ServiceTraits;
  /** The start date (default 2026-01-01T00:00:00Z). */
  readonly startAt?: Date;
  /**
   * The storage (default in memory). A storage without `abandon` is closed properly when the
   * process dies, which is milder than a kill.
   */
  readonly storage?: Storage<'local'>;
  /**
   * How runs count their tokens (default exactly as the provider does). Null: by bytes, as runs
   * without a budget do.
   */
  readonly tokenCounter?: TokenCounter | null;
  /**
   * Return true to kill the process at this point. Then `isDown` holds until `crash()` opens the
   * next process.
   */
  readonly crashAt?: (point: CrashPoint) => boolean;
}

/** What the provider received and would bill. */
export interface WorldLedger {
  readonly batchesCreated: number;
  readonly requestsBilled: number;
  /** Items that were billed again although their first answer was usable. */
  readonly doublePaidItemIds: readonly string[];
}

/**
 * A runner whose provider, storage and clock are fake. The same options and calls give the same
 * history, byte for byte.
 */
export interface World extends AsyncDisposable {
  readonly seed: number;
  /** The runner of the current process. */
  readonly runner: BatchRunner;
  /** The fake provider as a connection; it replaces the connection of every job. */
  readonly connection: FakeConnection;
  readonly provider: FakeProvider;
  readonly storage: Storage<'local'>;
  readonly scheduler: SchedulerLike;
  /** True once `crashAt` has killed the process: its promises never settle. */
  readonly isDown: boolean;
  readonly ledger: WorldLedger;
  now(): Date;
  /**
   * Moves the clock of the process's machine by so many milliseconds, back when negative. `now()`
   * and the provider's clock stay.
   */
  setClock(byMs: number): void;
  /** How far that clock is ahead of `now()`, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Lets virtual time pass, and runs everything due meanwhile. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until the promise settles; rejects as `settle` does. */
  until<A>(work: Promise<A>, options?: { readonly virtualMsMax?: number }): Promise<A>;
  /**
   * Waits until the run finishes or can make no progress. Rejects with the seed after
   * `virtualMsMax` (default 14 days), and with `ProcessKilled` when the process dies.
   */
  settle(run: Settling, options?: { readonly virtualMsMax?: number }): Promise<RunSummary>;
  /**
   * Drops everything in memory, like kill -9, and opens a new runner on the same storage. Promises
   * of the old one never settle.
   */
  crash(): Promise<BatchRunner>;
}

/** The part of a run that `settle` needs. */
export type Settling = Pick<Run<unknown, JsonObject>, 'runId' | 'wait' | 'summary'>;

/** The process died at a crash point. */
export class ProcessKilled extends Error {
  override readonly name = 'ProcessKilled';
}

class TimePassed extends Error {
  override readonly name = 'TimePassed';
}

const dayMs = 86_400_000;
const lateTurnsMax = 200;

/** The fake provider, which keeps of an expired batch what its service keeps. */
const fakeOf = (
  { traits, ...options }: WorldOptions,
  nowMs: () => number,
): ReturnType<typeof createFakeProvider> =>
  createFakeProvider({
    ...options,
    ...(traits === undefined ? {} : { keepsPartialAnswers: traits.keepsPartialAnswers }),
    nowMs,
  });

/**
 * A world with a provider, a storage, virtual time, and one process. Jobs keep their own config;
 * only the connection is replaced.
 */
export const createWorld = async (options: WorldOptions = {}): Promise<World> => {
  const seed = options.seed ?? 1;
  const time = createVirtualTime(options.startAt ?? new Date('2026-01-01T00:00:00Z'));
  const provider = fakeOf(options, () => time.now());
  const connection = fakeConnection(provider, {
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.traits === undefined ? {} : { traits: options.traits }),
  });
  const storage = options.storage ?? memoryStore();
  const names = createItemNames();
  const clock = time.openClock();
  const salt = hashText('ids', seed);
  let idCount = 0;
  const randomHex = (digits: number): string => {
    idCount += 1;
    return hexOf(salt, idCount).slice(0, digits);
  };

  const begin = (): {
    readonly process: SimulatedProcess;
    readonly runner: BatchRunner;
    readonly owned: readonly OwnedRun[];
  } => {
    const process = createProcess(time, options.crashAt ?? (() => false), () => clock.isAwaited);
    const owned: OwnedRun[] = [];
    const observer = { committed: names.committed, owned: (run: OwnedRun) => void owned.push(run) };
    const inside = faultyConnection(connection, process);
    const ports = {
      storage: faultyStorage(storage, process, observer),
      providers: [inside],
      connectionOf: () => inside,
      scheduler: process.scheduler,
      monotonicMs: () => time.now(),
      tokenCounter: options.tokenCounter === undefined ? fakeTokens : options.tokenCounter,
      // There is only one process, so the inbox is polled rarely.
      inboxIntervalMs: 10_000,
      randomHex,
    };
    return { process, owned, runner: new SimulatedRunner(ports, process) };
  };
  let alive = begin();

  /**
   * When no action is scheduled, something outside may still be running, such as a module load. It
   * gets some turns.
   */
  const lateDueMs = async (): Promise<number | null> => {
    for (let turn = 0; turn < lateTurnsMax && time.nextDueMs() === null; turn += 1)
      await alive.process.quiet();
    return time.nextDueMs();
  };

  const world: World = {
    seed,
    connection,
    provider,
    storage,
    scheduler: clock.scheduler,
    get runner() {
      return alive.runner;
    },
    get isDown() {
      return !alive.process.isAlive;
    },
    get ledger() {
      return {
        batchesCreated: provider.ledger.batchesCreated,
        requestsBilled: provider.ledger.requestsBilled,
        doublePaidItemIds: names.doublePaid(provider.ledger),
      };
    },
    now: () => new Date(time.now()),
    setClock: (byMs) => time.setClock(byMs),
    get clockOffsetMs() {
      return time.clockOffsetMs;
    },
    async advance(ms) {
      const untilMs = time.now() + ms;
      for (;;) {
        await alive.process.quiet();
        const dueMs = time.nextDueMs();
        if (dueMs === null || dueMs > untilMs) return time.jumpTo(untilMs);
        time.step();
      }
    },
    async until(work, { virtualMsMax = 14 * dayMs } = {}) {
      const untilMs = time.now() + virtualMsMax;
      let isOver = false;
      const over = (): boolean => isOver;
      const end = (): void => void (isOver = true);
      work.then(end, end);
      for (;;) {
        await alive.process.quiet();
        if (over()) return work;
        if (!alive.process.isAlive)
          throw new ProcessKilled(`the process was killed (seed ${seed})`);
        const dueMs = time.nextDueMs() ?? (await lateDueMs());
        if (over()) return work;
        if (dueMs === null || dueMs > untilMs)
          throw new TimePassed(`nothing happened within ${virtualMsMax} virtual ms (seed ${seed})`);
        time.step();
      }
    },
    async settle(run, options) {
      const giveUp = new AbortController();
      const standing = run.wait({ signal: giveUp.signal }).catch((error: unknown) => {
        if (isStandstill(error)) return run.summary();
        throw error;
      });
      try {
        return await world.until(standing, options);
      } catch (error) {
        if (!(error instanceof TimePassed)) throw error;
        standing.catch(() => undefined);
        giveUp.abort(error);
        const { status, controlState, controlReason } = run.summary();
        const state = `${status}, ${controlState}${controlReason === null ? '' : ` (${controlReason})`}`;
        throw new Error(
          `run ${run.runId} neither finished nor stopped: ${error.message}; it is ${state}`,
          { cause: error },
        );
      }
    },
    async crash() {
      alive.process.kill();
      await alive.process.quiet();
      if (isAbandonable(storage)) storage.abandon();
      else for (const run of alive.owned) await run.close();
      alive = begin();
      return alive.runner;
    },
    async [Symbol.asyncDispose]() {
      if (alive.process.isAlive) await alive.runner.close();
      alive.process.kill();
    },
  };
  return world;
};

const isAbandonable = (storage: Storage<'local'>): storage is MemoryStorage => 'abandon' in storage;

/** True for the errors of `wait` when the run cannot continue without an operator. */
const isStandstill = (error: unknown): boolean =>
  isBatchorError(error, 'run_paused') ||
  isBatchorError(error, 'batch_unresolved') ||
  isBatchorError(error, 'source_required');
