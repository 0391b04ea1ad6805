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
  type Commits,
  createCommits,
  type Reply,
  type Told,
  type Waiting,
  type Committed,
  createReplies,
} from './commits.ts';
import { createFlights, createRests, type Flights } from './flights.ts';

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
export const createEngine = (ports: EnginePorts): Engine => new SerialEngine(ports);

class SerialEngine implements Engine {
  readonly steps$ = new Observable<EngineStep>((subscriber) => this.#drive(subscriber));
  readonly #ports: EnginePorts;
  readonly #over = new AbortController();
  readonly #rests = createRests();
  readonly #replies = createReplies();
  readonly #commits: Commits;
  readonly #flights: Flights;
  /** What is to be committed, in order. */
  readonly #waiting$ = new Subject<Waiting>();
  #queued = 0;
  #isDraining = false;
  #drained: (() => void) | null = null;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#commits = createCommits(ports, this.#rests);
    this.#flights = createFlights(
      createPerformer(ports, this.#over.signal),
      () => ports.scheduler.now(),
      (key, asked) => this.#enqueue({ key, asked, reply: null }),
    );
  }

  get snapshot(): RunSnapshot {
    return this.#ports.run.snapshot;
  }

  get isQuiet(): boolean {
    return this.#queued === 0 && this.#flights.count === 0;
  }

  tell(command: Command): Promise<Told> {
    return this.#replies.waitFor((reply: Reply) =>
      this.#enqueue({ key: null, asked: TE.right(command), reply }),
    );
  }

  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#isDraining = true;
      this.#flights.abort();
      this.#checkDrained();
    });
  }

  #enqueue(waiting: Waiting): void {
    this.#queued += 1;
    this.#waiting$.next(waiting);
  }

  #checkDrained(): void {
    const isOver = this.#replies.stopped !== null;
    if (this.#isDraining && (isOver || (this.#flights.createCount === 0 && this.#queued === 0)))
      this.#drained?.();
  }

  #stop(why: EngineFailure | 'over'): void {
    this.#replies.stop(why);
    this.#checkDrained();
  }

  /** Commits what waits, one after the other; after each commit what is due is started. */
  #drive(subscriber: Subscriber<EngineStep>): () => void {
    const { scheduler } = this.#ports;
    let wake: Subscription | null = null;
    const dispatch = (): void => {
      if (this.#replies.stopped !== null) return;
      if (isFinished(this.#commits.snapshot)) {
        this.#stop('over');
        subscriber.complete();
        return;
      }
      if (this.#commits.hasClockJumped)
        return this.#enqueue({ key: null, asked: null, reply: null });
      if (this.#isDraining) return this.#finishCreates(scheduler.now());
      const wakeMs = this.#startDue(scheduler.now());
      wake?.unsubscribe();
      wake = timer(wakeMs, scheduler).subscribe(dispatch);
    };
    const serial = this.#waiting$
      .pipe(concatMap((waiting) => this.#commitNext(waiting)))
      .subscribe({
        next: (steps) => {
          for (const step of steps) subscriber.next(step);
          dispatch();
        },
        error: (error: unknown) => {
          const failure =
            error instanceof EngineFailure
              ? error
              : new EngineFailure({ type: 'corrupt', message: String(error), where: 'engine' });
          this.#stop(failure);
          subscriber.error(failure);
        },
      });
    dispatch();
    return () => {
      this.#stop('over');
      wake?.unsubscribe();
      serial.unsubscribe();
      this.#flights.abortAll();
      this.#over.abort();
    };
  }

  #commitNext(waiting: Waiting): Promise<readonly Committed[]> {
    return this.#commits.commit(waiting).then((steps) => {
      this.#queued -= 1;
      if (waiting.key !== null) this.#flights.end(waiting.key);
      return steps;
    });
  }

  /** Starts the effects that are due; returns in how many ms to check again. */
  #startDue(nowMs: number): number {
    const { snapshot } = this.#commits;
    let wakeMs = (nextDueMs(snapshot, nowMs) ?? nowMs + wakeMsMax) - nowMs;
    for (const effect of effectsDue(snapshot, nowMs)) {
      // Without a source ingestion stops and a warning says so; the rest of the run continues.
      const isUnread = effect.type === 'IngestSlice' && this.#ports.source === null;
      if (isUnread || !this.#flights.mayStart(effect)) continue;
      const restMs = this.#rests.leftMs(effectKey(effect), snapshot.version, nowMs);
      if (restMs > 0) wakeMs = Math.min(wakeMs, restMs);
      else this.#flights.start(effect);
    }
    return Math.min(wakeMsMax, Math.max(1, wakeMs));
  }

  /** Creates that are begun are sent: left so, they would be taken for sent. */
  #finishCreates(nowMs: number): void {
    const isCreate = ({ type }: Effect): boolean => type === 'CreateBatch';
    for (const effect of effectsDue(this.#commits.snapshot, nowMs))
      if (isCreate(effect) && this.#flights.mayStart(effect)) this.#flights.start(effect);
    this.#checkDrained();
  }
}
