import { isLeft } from 'fp-ts/lib/Either.js';
import { firstValueFrom, merge, type Observable, type SchedulerLike, Subject, timer } from 'rxjs';
import { effectsDue } from '../../core/machine/due.ts';
import { isStandingStill, owedAtMs } from '../../core/machine/progress.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { isQuarantined } from '../../core/control/control.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
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
export const workOn = async (context: WorkerContext): Promise<void> => {
  const { runsMax = 8 } = context.options;
  if (!(Number.isInteger(runsMax) && runsMax > 0))
    throw new BatchorError(
      'invalid_config',
      { field: 'runsMax' },
      `runsMax must be a whole number of at least 1 (got ${runsMax})`,
      'Give such a number, or omit it for 8.',
    );
  const { store } = context;
  if (store.prepare !== undefined) await must(store.prepare(), { storage: store.describe });
  await new Worker(context, runsMax).work();
};

/** The runs that one worker drives, and those that it leaves alone for a while. */
class Worker {
  readonly #context: WorkerContext;
  readonly #runsMax: number;
  readonly #mine = new Map<RunId, Driver>();
  /** Until when a run is left alone, in ms. */
  readonly #resting = new Map<RunId, number>();
  /** Quarantined runs, with their number of lost owners when reported. */
  readonly #leftAlone = new Map<RunId, number>();
  readonly #wake$ = new Subject<unknown>();

  constructor(context: WorkerContext, runsMax: number) {
    this.#context = context;
    this.#runsMax = runsMax;
  }

  /** A turn whenever the store tells news, a run changes, or the interval has passed. */
  async work(): Promise<void> {
    const { store, scheduler, closed$, options } = this.#context;
    const { signal, lookIntervalMs = 5_000 } = options;
    const wake = (): void => this.#wake$.next(null);
    const stopHearing = store.onNews?.(({ runId, type }) => {
      if (type === 'command') {
        this.#mine.get(runId)?.pollInbox();
        this.#resting.delete(runId);
      }
      wake();
    });
    signal?.addEventListener('abort', wake, { once: true });
    const closing = closed$.subscribe(wake);
    try {
      while (!this.#isOver()) {
        const woken = firstValueFrom(merge(this.#wake$, timer(lookIntervalMs, scheduler)));
        await this.#turn();
        if (!this.#isOver()) await woken;
      }
    } finally {
      stopHearing?.();
      signal?.removeEventListener('abort', wake);
      closing.unsubscribe();
      await Promise.all([...this.#mine].map(([runId, driver]) => this.#release(runId, driver)));
    }
  }

  #isOver(): boolean {
    return this.#context.options.signal?.aborted === true || this.#context.isClosed();
  }

  #tell(notice: WorkNotice): void {
    this.#context.options.onNotice?.(notice);
  }

  #rest(runId: RunId): void {
    this.#resting.set(runId, this.#context.scheduler.now() + restMs);
  }

  async #turn(): Promise<void> {
    const nowMs = this.#context.scheduler.now();
    // A rest further ahead than the maximum was set before the clock went back.
    for (const [runId, untilMs] of this.#resting)
      if (untilMs <= nowMs || untilMs > nowMs + restMs) this.#resting.delete(runId);
    await this.#releaseIdle();
    // A run that is left to others rests, and the next one is requested.
    while (!this.#isOver() && (await this.#takeSome(nowMs)));
  }

  /** True when some adoptable runs were left to others, so that there may be more. */
  async #takeSome(nowMs: number): Promise<boolean> {
    const { store, drivers } = this.#context;
    const named = await store.adoptable(nowMs, this.#runsMax + this.#resting.size)();
    if (isLeft(named)) {
      const error = toBatchorError(named.left, { storage: store.describe });
      if (!this.#isOver()) this.#tell({ type: 'trouble', runId: null, error });
      return false;
    }
    const wanted = named.right.filter(
      (runId) => !this.#resting.has(runId) && drivers.of(runId) === undefined,
    );
    const free = this.#runsMax - this.#mine.size;
    if (wanted.length > free) {
      for (const [runId, driver] of this.#waiting(nowMs).slice(0, wanted.length - free))
        await this.#release(runId, driver);
    }
    const tried = wanted.slice(0, this.#runsMax - this.#mine.size);
    await Promise.all(tried.map((runId) => this.#take(runId)));
    return tried.some((runId) => this.#resting.has(runId));
  }

  async #take(runId: RunId): Promise<void> {
    try {
      if (this.#context.drivers.of(runId) !== undefined) return;
      const driver = await this.#takeWith(runId, await this.#meansFor(runId));
      if (driver === null) this.#rest(runId);
      else this.#follow(runId, driver);
    } catch (error) {
      this.#rest(runId);
      this.#tell({ type: 'trouble', runId, error });
    }
  }

  async #takeWith(runId: RunId, means: Means): Promise<Driver | null> {
    const { drivers, store } = this.#context;
    if (means !== 'both') return means === 'none' ? null : drivers.take(store, runId);
    return drivers.take(store, runId).catch((error: unknown) => {
      // E.g. its rows render differently here. Its answers are still collected.
      drivers.detach(runId);
      this.#tell({ type: 'trouble', runId, error });
      return drivers.take(store, runId);
    });
  }

  async #meansFor(runId: RunId): Promise<Means> {
    const { store, options } = this.#context;
    const reader = await must(store.read(runId), { runId, storage: store.describe });
    const { snapshot, description } = reader;
    await reader.close();
    const run: WaitingRun = {
      runId,
      jobName: snapshot.config.jobName,
      connection: snapshot.config.provider.connection,
      description,
    };
    if (isFinished(snapshot) || (await options.accepts?.(run)) === false) return 'none';
    if (isQuarantined(snapshot)) {
      this.#reportQuarantine(runId, snapshot);
      return 'none';
    }
    if (snapshot.ingest.isComplete) return 'answers';
    const isStill = isStandingStill(snapshot, false);
    // A run with unreadable input still gets its answers collected. If only its input is left, the
    // run is left to a worker that can read it.
    if (await this.#attachInput(runId, run)) return isStill ? 'input' : 'both';
    return isStill ? 'none' : 'answers';
  }

  /** True after: the next driver of the run reads its input. */
  async #attachInput(runId: RunId, run: WaitingRun): Promise<boolean> {
    const { jobs = [], jobOf } = this.#context.options;
    try {
      const job =
        jobs.find((each) => jobNameOf(each) === run.jobName) ?? (await jobOf?.(run)) ?? null;
      if (job !== null) await this.#context.attach(runId, job);
      return job !== null;
    } catch (error) {
      // An earlier attachment was another input, or this one before it changed.
      this.#context.drivers.detach(runId);
      this.#tell({ type: 'trouble', runId, error });
      return false;
    }
  }

  /** Once per lost owner. */
  #reportQuarantine(runId: RunId, snapshot: RunSnapshot): void {
    if (this.#leftAlone.get(runId) !== snapshot.lostOwners)
      this.#tell({ type: 'trouble', runId, error: quarantined(snapshot) });
    this.#leftAlone.set(runId, snapshot.lostOwners);
  }

  #follow(runId: RunId, driver: Driver): void {
    this.#mine.set(runId, driver);
    this.#tell({ type: 'taken', runId });
    const wake = (): void => this.#wake$.next(null);
    driver.changes$.subscribe({
      next: (snapshot) => {
        if (isStandingStill(snapshot, driver.hasSource)) wake();
      },
      error: (error: unknown) => {
        this.#mine.delete(runId);
        this.#rest(runId);
        this.#tell({ type: 'trouble', runId, error });
        wake();
      },
      complete: () => {
        if (this.#mine.delete(runId) && isFinished(driver.snapshot))
          this.#tell({ type: 'finished', runId });
        wake();
      },
    });
  }

  async #release(runId: RunId, driver: Driver): Promise<void> {
    this.#mine.delete(runId);
    await driver.close();
    this.#tell({ type: 'given_back', runId });
  }

  /** Releases runs that cannot progress here without a request or their input. */
  async #releaseIdle(): Promise<void> {
    for (const [runId, driver] of this.#mine) {
      if (
        isFinished(driver.snapshot) ||
        !driver.isQuiet ||
        !isStandingStill(driver.snapshot, driver.hasSource)
      )
        continue;
      // Pending requests come first: a released run would be adoptable again at once.
      const left = await driver.run.inbox()();
      if (isLeft(left) || left.right.length > 0) {
        driver.pollInbox();
        continue;
      }
      if (owedAtMs(driver.snapshot, this.#context.scheduler.now()) !== null) this.#rest(runId);
      await this.#release(runId, driver);
    }
  }

  /** Runs that only wait, the longest wait first. */
  #waiting(nowMs: number): readonly (readonly [RunId, Driver])[] {
    const until = ([, { snapshot }]: readonly [RunId, Driver]): number =>
      owedAtMs(snapshot, nowMs) ?? Infinity;
    return [...this.#mine]
      .filter(([, driver]) => driver.isQuiet && effectsDue(driver.snapshot, nowMs).length === 0)
      .sort((a, b) => until(b) - until(a));
  }
}
