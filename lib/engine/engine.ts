import * as TE from 'fp-ts/lib/TaskEither.js';
import { concatMap, Observable, Subject, type Subscriber, type Subscription, timer } from 'rxjs';
import { effectsDue, nextDueMs } from '../core/machine/due.ts';
import type { Command } from '../core/model/command.ts';
import { type Effect, effectKey } from '../core/model/effect.ts';
import { isFinished, type RunSnapshot } from '../core/model/snapshot.ts';
import { EngineFailure } from '../effects/faults.ts';
import { createPerformer } from '../effects/performer.ts';
import type { EnginePorts } from '../effects/ports.ts';
import {
  createCommits,
  type Reply,
  type Told,
  type Waiting,
  type Committed,
  createReplies,
} from './commits.ts';
import { createFlights, createRests } from './flights.ts';

export type { Told } from './commits.ts';
/** What one commit made true. */
export type EngineStep = Committed;

/** Drives one run: performs what is due and commits each answer, one step after the other. */
export interface Engine {
  /**
   * Drives the run while subscribed, once; completes when the run finishes, errors with
   * `EngineFailure` when the store fails.
   */
  readonly steps$: Observable<EngineStep>;
  /** Puts a command into the serial pipeline. */
  tell(command: Command): Promise<Told>;
  readonly snapshot: RunSnapshot;
  /**
   * Starts nothing more, but for creates that are begun: left so, they would be taken for sent.
   * Resolves once no create is out and nothing waits to be committed. A create in flight is never
   * aborted.
   */
  drain(): Promise<void>;
  /**
   * True while nothing is in flight and nothing waits to be committed: only time, or a command, can
   * move the run.
   */
  readonly isQuiet: boolean;
}

/** A due time far ahead is checked again at least this often: timers stop while a laptop sleeps. */
const wakeMsMax = 60_000;

/** One serialised commit pipeline and keyed concurrent effects. */
export const createEngine = (ports: EnginePorts): Engine => {
  const { run, scheduler } = ports;
  const waiting$ = new Subject<Waiting>();
  const over = new AbortController();
  const rests = createRests();
  const commits = createCommits(ports, rests);
  const replies = createReplies();
  let queued = 0;
  let isDraining = false;
  let drained: (() => void) | null = null;

  const enqueue = (waiting: Waiting): void => {
    queued += 1;
    waiting$.next(waiting);
  };
  const flights = createFlights(
    createPerformer(ports, over.signal),
    () => scheduler.now(),
    (key, asked) => enqueue({ key, asked, reply: null }),
  );
  const checkDrained = (): void => {
    if (isDraining && (replies.stopped !== null || (flights.createCount === 0 && queued === 0)))
      drained?.();
  };
  const stop = (why: EngineFailure | 'over'): void => {
    replies.stop(why);
    checkDrained();
  };

  /** Starts the effects that are due; returns in how many ms to check again. */
  const startDue = (nowMs: number): number => {
    const { snapshot } = commits;
    let wakeMs = (nextDueMs(snapshot, nowMs) ?? nowMs + wakeMsMax) - nowMs;
    for (const effect of effectsDue(snapshot, nowMs)) {
      // Without a source ingestion stops and a warning says so; the rest of the run continues.
      if (!flights.mayStart(effect) || (effect.type === 'IngestSlice' && ports.source === null))
        continue;
      const restMs = rests.leftMs(effectKey(effect), snapshot.version, nowMs);
      if (restMs > 0) wakeMs = Math.min(wakeMs, restMs);
      else flights.start(effect);
    }
    return Math.min(wakeMsMax, Math.max(1, wakeMs));
  };

  const finishCreates = (nowMs: number): void => {
    const isCreate = ({ type }: Effect): boolean => type === 'CreateBatch';
    for (const effect of effectsDue(commits.snapshot, nowMs))
      if (isCreate(effect) && flights.mayStart(effect)) flights.start(effect);
    checkDrained();
  };

  const drive = (subscriber: Subscriber<EngineStep>): (() => void) => {
    let wake: Subscription | null = null;
    const dispatch = (): void => {
      if (replies.stopped !== null) return;
      if (isFinished(commits.snapshot)) {
        stop('over');
        subscriber.complete();
        return;
      }
      if (commits.hasClockJumped) return enqueue({ key: null, asked: null, reply: null });
      if (isDraining) return finishCreates(scheduler.now());
      const wakeMs = startDue(scheduler.now());
      wake?.unsubscribe();
      wake = timer(wakeMs, scheduler).subscribe(dispatch);
    };
    const commitNext = (waiting: Waiting): Promise<readonly Committed[]> =>
      commits.commit(waiting).then((steps) => {
        queued -= 1;
        if (waiting.key !== null) flights.end(waiting.key);
        return steps;
      });
    const serial = waiting$.pipe(concatMap(commitNext)).subscribe({
      next: (steps) => {
        for (const step of steps) subscriber.next(step);
        dispatch();
      },
      error: (error: unknown) => {
        const failure =
          error instanceof EngineFailure
            ? error
            : new EngineFailure({ type: 'corrupt', message: String(error), where: 'engine' });
        stop(failure);
        subscriber.error(failure);
      },
    });
    dispatch();
    return () => {
      stop('over');
      wake?.unsubscribe();
      serial.unsubscribe();
      flights.abortAll();
      over.abort();
    };
  };

  return {
    steps$: new Observable<EngineStep>(drive),
    tell: (command) =>
      replies.waitFor((reply: Reply) => enqueue({ key: null, asked: TE.right(command), reply })),
    get snapshot() {
      return run.snapshot;
    },
    drain: () =>
      new Promise((resolve) => {
        drained = resolve;
        isDraining = true;
        flights.abort();
        checkDrained();
      }),
    get isQuiet() {
      return queued === 0 && flights.count === 0;
    },
  };
};
