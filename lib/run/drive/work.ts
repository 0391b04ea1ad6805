import { isLeft } from 'fp-ts/lib/Either.js';
import { firstValueFrom, merge, type Observable, type SchedulerLike, Subject, timer } from 'rxjs';
import { effectsDue } from '../../core/machine/due.ts';
import { isStandingStill, owedAtMs } from '../../core/machine/progress.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { isQuarantined } from '../../core/control/control.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { Driver } from './driver.ts';
import type { Drivers } from './drivers.ts';
import { BatchorError } from '../api/errors.ts';
import { must, toBatchorError } from '../api/interop.ts';
import type { AnyJob } from '../job/job.ts';
import { jobNameOf } from '../job/job-config.ts';
import { quarantined } from '../view/warnings.ts';

/** What a worker reports. */
export type WorkNotice =
  | { readonly type: 'taken' | 'finished' | 'given_back'; readonly runId: string }
  /** The run failed, or (`runId` null) the store did. The worker tries again later. */
  | { readonly type: 'trouble'; readonly runId: string | null; readonly error: unknown };

/** A run that a worker might take. */
export interface WaitingRun {
  readonly runId: string;
  readonly jobName: string;
  /** The name of its connection. */
  readonly connection: string;
  /** The job description stored with the run. */
  readonly description: JsonObject | null;
}

/**
 * What a worker takes on: which runs, how many at once, how often it checks the store for more
 * (milliseconds).
 */
export interface WorkOptions {
  /**
   * Jobs by which runs of the same job name continue reading their input. A run without its job
   * still collects its answers.
   */
  readonly jobs?: readonly AnyJob[];
  /** Makes the job of a run that `jobs` does not name; null: not known here. */
  readonly jobOf?: (run: WaitingRun) => Promise<AnyJob | null>;
  /** False leaves the run to other workers. */
  readonly accepts?: (run: WaitingRun) => boolean | Promise<boolean>;
  /** Runs at a time. Default 8. If more are due, runs that only wait are released. */
  readonly runsMax?: number;
  /** Milliseconds between two checks for runs, without a notification. Default 5,000. */
  readonly lookIntervalMs?: number;
  readonly onNotice?: (notice: WorkNotice) => void;
  readonly signal?: AbortSignal;
}

export interface WorkerContext {
  readonly store: RunStore;
  readonly drivers: Drivers;
  readonly scheduler: SchedulerLike;
  /** Compares the job with the run, and lets the next driver read its input. */
  readonly attach: (runId: RunId, job: AnyJob) => Promise<void>;
  /** Emits when the runner is closed. */
  readonly closed$: Observable<void>;
  readonly isClosed: () => boolean;
  readonly options: WorkOptions;
}

/** What this worker can do for a run: read its input, collect its answers, or both. */
type Means = 'none' | 'input' | 'answers' | 'both';

/** How long a failed or unservable run is left alone. */
const restMs = 30_000;

/** Takes runs, drives them, and releases those with nothing to do, until aborted or closed. */
export const workOn = async ({
  store,
  drivers,
  scheduler,
  attach,
  closed$,
  isClosed,
  options,
}: WorkerContext): Promise<void> => {
  const {
    jobs = [],
    jobOf,
    accepts,
    runsMax = 8,
    lookIntervalMs = 5_000,
    signal,
    onNotice = () => undefined,
  } = options;
  if (!(Number.isInteger(runsMax) && runsMax > 0))
    throw new BatchorError(
      'invalid_config',
      { field: 'runsMax' },
      `runsMax must be a whole number of at least 1 (got ${runsMax})`,
      'Give such a number, or omit it for 8.',
    );
  if (store.prepare !== undefined) await must(store.prepare(), { storage: store.describe });
  const mine = new Map<RunId, Driver>();
  const resting = new Map<RunId, number>();
  /** Quarantined runs, with their number of lost owners when reported. */
  const leftAlone = new Map<RunId, number>();
  const wake$ = new Subject<unknown>();
  const wake = (): void => wake$.next(null);
  const isOver = (): boolean => signal?.aborted === true || isClosed();

  const jobFor = async (run: WaitingRun): Promise<AnyJob | null> =>
    jobs.find((job) => jobNameOf(job) === run.jobName) ?? (await jobOf?.(run)) ?? null;
  /**
   * A run with unreadable input still gets its answers collected. If only its input is left, the
   * run is left to a worker that can read it.
   */
  const meansFor = async (runId: RunId): Promise<Means> => {
    const reader = await must(store.read(runId), { runId, storage: store.describe });
    const { snapshot, description } = reader;
    await reader.close();
    const run: WaitingRun = {
      runId,
      jobName: snapshot.config.jobName,
      connection: snapshot.config.provider.connection,
      description,
    };
    if (isFinished(snapshot) || (await accepts?.(run)) === false) return 'none';
    if (isQuarantined(snapshot)) {
      // Reported once per lost owner.
      if (leftAlone.get(runId) !== snapshot.lostOwners)
        onNotice({ type: 'trouble', runId, error: quarantined(snapshot) });
      leftAlone.set(runId, snapshot.lostOwners);
      return 'none';
    }
    if (snapshot.ingest.isComplete) return 'answers';
    try {
      const job = await jobFor(run);
      if (job !== null) {
        await attach(runId, job);
        return isStandingStill(snapshot, false) ? 'input' : 'both';
      }
    } catch (error) {
      // An earlier attachment was another input, or this one before it changed.
      drivers.detach(runId);
      onNotice({ type: 'trouble', runId, error });
    }
    return isStandingStill(snapshot, false) ? 'none' : 'answers';
  };
  const takeWith = async (runId: RunId, means: Means): Promise<Driver | null> => {
    if (means !== 'both') return means === 'none' ? null : drivers.take(store, runId);
    return drivers.take(store, runId).catch((error: unknown) => {
      // E.g. its rows render differently here. Its answers are still collected.
      drivers.detach(runId);
      onNotice({ type: 'trouble', runId, error });
      return drivers.take(store, runId);
    });
  };

  const release = async (runId: RunId, driver: Driver, isToRest: boolean): Promise<void> => {
    mine.delete(runId);
    if (isToRest) resting.set(runId, scheduler.now() + restMs);
    await driver.close();
    onNotice({ type: 'given_back', runId });
  };
  const follow = (runId: RunId, driver: Driver): void => {
    mine.set(runId, driver);
    onNotice({ type: 'taken', runId });
    driver.changes$.subscribe({
      next: (snapshot) => {
        if (isStandingStill(snapshot, driver.hasSource)) wake();
      },
      error: (error: unknown) => {
        mine.delete(runId);
        resting.set(runId, scheduler.now() + restMs);
        onNotice({ type: 'trouble', runId, error });
        wake();
      },
      complete: () => {
        if (mine.delete(runId) && isFinished(driver.snapshot))
          onNotice({ type: 'finished', runId });
        wake();
      },
    });
  };
  const take = async (runId: RunId): Promise<void> => {
    try {
      if (drivers.of(runId) !== undefined) return;
      const driver = await takeWith(runId, await meansFor(runId));
      if (driver === null) resting.set(runId, scheduler.now() + restMs);
      else follow(runId, driver);
    } catch (error) {
      resting.set(runId, scheduler.now() + restMs);
      onNotice({ type: 'trouble', runId, error });
    }
  };

  /** Releases runs that cannot progress here without a request or their input. */
  const releaseIdle = async (): Promise<void> => {
    for (const [runId, driver] of mine) {
      if (
        isFinished(driver.snapshot) ||
        !driver.isQuiet ||
        !isStandingStill(driver.snapshot, driver.hasSource)
      )
        continue;
      // Pending requests come first: a released run would be adoptable again at once.
      const left = await driver.run.inbox()();
      if (isLeft(left) || left.right.length > 0) driver.pollInbox();
      else await release(runId, driver, owedAtMs(driver.snapshot, scheduler.now()) !== null);
    }
  };
  /** Runs that only wait, the longest wait first. */
  const waiting = (nowMs: number): readonly (readonly [RunId, Driver])[] => {
    const until = ([, { snapshot }]: readonly [RunId, Driver]): number =>
      owedAtMs(snapshot, nowMs) ?? Infinity;
    return [...mine]
      .filter(([, driver]) => driver.isQuiet && effectsDue(driver.snapshot, nowMs).length === 0)
      .sort((a, b) => until(b) - until(a));
  };

  const turn = async (): Promise<void> => {
    const nowMs = scheduler.now();
    // A rest further ahead than the maximum was set before the clock went back.
    for (const [runId, untilMs] of resting)
      if (untilMs <= nowMs || untilMs > nowMs + restMs) resting.delete(runId);
    await releaseIdle();
    // A run that is left to others rests, and the next one is requested.
    while (!isOver() && (await takeSome(nowMs)));
  };
  /** True when some adoptable runs were left to others, so that there may be more. */
  const takeSome = async (nowMs: number): Promise<boolean> => {
    const named = await store.adoptable(nowMs, runsMax + resting.size)();
    if (isLeft(named)) {
      if (!isOver())
        onNotice({
          type: 'trouble',
          runId: null,
          error: toBatchorError(named.left, { storage: store.describe }),
        });
      return false;
    }
    const wanted = named.right.filter(
      (runId) => !resting.has(runId) && drivers.of(runId) === undefined,
    );
    const free = runsMax - mine.size;
    if (wanted.length > free) {
      for (const [runId, driver] of waiting(nowMs).slice(0, wanted.length - free))
        await release(runId, driver, false);
    }
    const tried = wanted.slice(0, runsMax - mine.size);
    await Promise.all(tried.map(take));
    return tried.some((runId) => resting.has(runId));
  };

  const stopHearing = store.onNews?.(({ runId, type }) => {
    if (type === 'command') {
      mine.get(runId)?.pollInbox();
      resting.delete(runId);
    }
    wake();
  });
  signal?.addEventListener('abort', wake, { once: true });
  const closing = closed$.subscribe(wake);
  try {
    while (!isOver()) {
      const woken = firstValueFrom(merge(wake$, timer(lookIntervalMs, scheduler)));
      await turn();
      if (!isOver()) await woken;
    }
  } finally {
    stopHearing?.();
    signal?.removeEventListener('abort', wake);
    closing.unsubscribe();
    await Promise.all([...mine].map(([runId, driver]) => release(runId, driver, false)));
  }
};
