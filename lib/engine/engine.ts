import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { concatMap, Observable, Subject, type Subscription, timer } from 'rxjs';
import type { Command } from '../core/model/command.ts';
import { clockJumpMsMin } from '../core/control/clock.ts';
import { decide } from '../core/machine/decide.ts';
import { effectsDue, nextDueMs } from '../core/machine/due.ts';
import { type Effect, effectKey } from '../core/model/effect.ts';
import type { Event } from '../core/model/event.ts';
import type { EffectKey } from '../core/values/ids.ts';
import type { Rejection } from '../core/model/rejection.ts';
import { isFinished, type RunSnapshot } from '../core/model/snapshot.ts';
import type { PortError } from '../ports/port-error.ts';
import { createClockWatch } from './clock-watch.ts';
import { EngineFailure, faultCommand } from '../effects/faults.ts';
import { createPerformer } from '../effects/performer.ts';
import type { Asked, EnginePorts } from '../effects/ports.ts';

/** What one commit made true. */
export interface EngineStep {
  readonly events: readonly Event[];
  readonly snapshot: RunSnapshot;
  readonly fromVersion: number;
}

/** What became of a command. */
export type Told = E.Either<Rejection, RunSnapshot>;

export interface Engine {
  /** Drives the run while subscribed, once; completes when the run finishes, errors with `EngineFailure` when its ground gives way. */
  readonly steps$: Observable<EngineStep>;
  /** Puts a command into the serial pipeline. */
  tell(command: Command): Promise<Told>;
  readonly snapshot: RunSnapshot;
  /**
   * Starts nothing more, but for creates that are begun: left so, they would be taken for sent. Resolves once no create is out and
   * nothing waits to be committed. A create in flight is never aborted.
   */
  drain(): Promise<void>;
  /** True while nothing is in flight and nothing waits to be committed: only time, or a command, can move the run. */
  readonly isQuiet: boolean;
}

interface Waiting {
  readonly key: EffectKey | null;
  /** Null: only the clock is looked at. */
  readonly asked: Asked | null;
  readonly reply: Reply | null;
}

interface Reply {
  resolve(told: Told): void;
  reject(failure: EngineFailure): void;
}

/** Transfers and parses that go on at once: what is in memory does not grow with the number of live batches. */
const concurrencyMax: Readonly<Partial<Record<Effect['type'], number>>> = { UploadBatch: 4, StoreFiles: 4, SettleSlice: 2 };
/** A due time far ahead is looked at again at least so often: timers stand still while a laptop sleeps. */
const wakeMsMax = 60_000;
/** After an answer that changed nothing, its effect rests so long, unless something else changes. */
const restMs = 1_000;

/** Rests are short: one that lies further ahead was set before the clock went back. */
const isAhead = (untilMs: number, nowMs: number): boolean => untilMs > nowMs && untilMs - nowMs <= 2 * restMs;

/** One serialised commit pipeline and keyed concurrent effects. */
export const createEngine = (ports: EnginePorts): Engine => {
  const { run, scheduler } = ports;
  const waiting$ = new Subject<Waiting>();
  const over = new AbortController();
  const perform = createPerformer(ports, over.signal);
  const inFlight = new Map<EffectKey, { readonly abort: AbortController; readonly type: Effect['type'] }>();
  const countOf = (type: Effect['type']): number => [...inFlight.values()].filter((flight) => flight.type === type).length;
  const watch = ports.monotonicMs === undefined ? null : createClockWatch(() => scheduler.now(), ports.monotonicMs);
  const hasClockJumped = (): boolean => Math.abs(watch?.jumpMs() ?? 0) >= clockJumpMsMin;
  const resting = new Map<EffectKey, { readonly version: number; readonly untilMs: number }>();
  let snapshot = run.snapshot;
  const creates = new Set<EffectKey>();
  let queued = 0;
  let isDraining = false;
  let drained: (() => void) | null = null;
  const checkDrained = (): void => {
    if (isDraining && (stopped !== null || (creates.size === 0 && queued === 0))) drained?.();
  };
  let stopped: EngineFailure | 'over' | null = null;
  /** Who still waits for an answer: told when the engine stops, so that nobody waits for ever. */
  const replies = new Set<Reply>();
  const stop = (why: EngineFailure | 'over'): void => {
    stopped ??= why;
    for (const reply of replies) {
      if (why === 'over') reply.resolve(E.left({ type: 'run_finished' }));
      else reply.reject(why);
    }
    replies.clear();
    checkDrained();
  };

  const enqueue = (waiting: Waiting): void => {
    queued += 1;
    waiting$.next(waiting);
  };

  /** Commits events that were decided without rows. */
  const commitEvents = async (events: readonly Event[]): Promise<EngineStep> => {
    const fromVersion = snapshot.version;
    const committed = await run.commit(fromVersion, events)();
    if (E.isLeft(committed)) throw new EngineFailure(committed.left);
    snapshot = committed.right;
    return { events, snapshot, fromVersion };
  };

  /** Waits are measured by the wall clock: that it was set is committed before anything that was stamped by it. */
  const commitJump = async (): Promise<EngineStep | null> => {
    const byMs = hasClockJumped() ? (watch?.jumpMs() ?? 0) : 0;
    if (byMs === 0) return null;
    watch?.accept(byMs);
    const decided = decide(snapshot, { type: 'RecordClockJump', atMs: scheduler.now(), byMs });
    return E.isLeft(decided) ? null : commitEvents(decided.right);
  };

  const commitOne = async (waiting: Waiting): Promise<readonly (EngineStep | null)[]> => {
    const read = await waiting.asked?.();
    const jump = await commitJump();
    return [jump, read === undefined ? null : await commitAnswer(waiting, read)];
  };

  /** decide → commit → evolve; answers the step, or null where nothing became true. */
  const commitAnswer = async ({ key, reply }: Waiting, read: E.Either<PortError, Command>): Promise<EngineStep | null> => {
    if (E.isLeft(read)) throw new EngineFailure(read.left);
    const decided = decide(snapshot, read.right);
    // Asked again it would be malformed again: an adapter's fault, which has to be seen.
    if (E.isLeft(decided) && decided.left.type === 'malformed_command' && key !== null)
      throw new EngineFailure({
        type: 'unavailable',
        message: `the answer to an effect is malformed: ${decided.left.message}`,
        cause: key,
      });
    if (E.isLeft(decided) || decided.right.length === 0) {
      if (key !== null) resting.set(key, { version: snapshot.version, untilMs: scheduler.now() + restMs });
      reply?.resolve(E.isLeft(decided) ? decided : E.right(snapshot));
      return null;
    }
    const fromVersion = snapshot.version;
    const { right: command } = read;
    const guard = command.type === 'PlanBatch' && command.others !== undefined ? { others: command.others } : undefined;
    const committed = await run.commit(fromVersion, decided.right, guard)();
    if (E.isLeft(committed) && committed.left.type === 'quota_taken' && key !== null) {
      // Another run of the scope was faster. Both may have given way: each comes again at a time of its own.
      const waitMs = restMs * (0.5 + Number.parseInt(ports.randomHex(4), 16) / 0xffff);
      resting.set(key, { version: snapshot.version, untilMs: scheduler.now() + waitMs });
      return null;
    }
    if (E.isLeft(committed)) throw new EngineFailure(committed.left);
    snapshot = committed.right;
    reply?.resolve(E.right(snapshot));
    return { events: decided.right, snapshot, fromVersion };
  };

  const start = (effect: Effect, key: EffectKey): void => {
    const abort = new AbortController();
    inFlight.set(key, { abort, type: effect.type });
    if (effect.type === 'CreateBatch') creates.add(key);
    void perform(effect, abort.signal)().then(
      (answer) => {
        if (E.isRight(answer)) return enqueue({ key, asked: answer.right, reply: null });
        const command = faultCommand(key, answer.left, scheduler.now());
        enqueue({ key, asked: command === null ? TE.left(answer.left) : TE.right(command), reply: null });
      },
      (thrown: unknown) =>
        enqueue({
          key,
          asked: TE.left({ type: 'unavailable', message: `${effect.type} threw: ${String(thrown)}`, cause: thrown }),
          reply: null,
        }),
    );
  };

  const steps$ = new Observable<EngineStep>((subscriber) => {
    let wake: Subscription | null = null;
    const dispatch = (): void => {
      if (stopped !== null) return;
      if (isFinished(snapshot)) {
        stop('over');
        subscriber.complete();
        return;
      }
      if (hasClockJumped()) return enqueue({ key: null, asked: null, reply: null });
      const nowMs = scheduler.now();
      if (isDraining) {
        for (const effect of effectsDue(snapshot, nowMs))
          if (effect.type === 'CreateBatch' && !inFlight.has(effectKey(effect))) start(effect, effectKey(effect));
        checkDrained();
        return;
      }
      let wakeMs = (nextDueMs(snapshot, nowMs) ?? nowMs + wakeMsMax) - nowMs;
      for (const effect of effectsDue(snapshot, nowMs)) {
        const key = effectKey(effect);
        // Nobody attached the source: whoever waits is told so, and the rest of the run goes on.
        if (inFlight.has(key) || (effect.type === 'IngestSlice' && ports.source === null)) continue;
        if (countOf(effect.type) >= (concurrencyMax[effect.type] ?? Infinity)) continue;
        const rest = resting.get(key);
        if (rest !== undefined && rest.version === snapshot.version && isAhead(rest.untilMs, nowMs)) {
          wakeMs = Math.min(wakeMs, rest.untilMs - nowMs);
          continue;
        }
        resting.delete(key);
        start(effect, key);
      }
      wake?.unsubscribe();
      wake = timer(Math.min(wakeMsMax, Math.max(1, wakeMs)), scheduler).subscribe(dispatch);
    };
    const serial = waiting$
      .pipe(
        concatMap((waiting) =>
          commitOne(waiting).then((steps) => {
            queued -= 1;
            if (waiting.key !== null) {
              inFlight.delete(waiting.key);
              creates.delete(waiting.key);
            }
            return steps;
          }),
        ),
      )
      .subscribe({
        next: (steps) => {
          for (const step of steps) if (step !== null) subscriber.next(step);
          dispatch();
        },
        error: (error: unknown) => {
          const failure =
            error instanceof EngineFailure ? error : new EngineFailure({ type: 'corrupt', message: String(error), where: 'engine' });
          stop(failure);
          subscriber.error(failure);
        },
      });
    dispatch();
    return () => {
      stop('over');
      wake?.unsubscribe();
      serial.unsubscribe();
      for (const { abort } of inFlight.values()) abort.abort();
      over.abort();
    };
  });

  return {
    steps$,
    tell: (command) =>
      new Promise((resolve, reject) => {
        if (stopped instanceof EngineFailure) return reject(stopped);
        if (stopped === 'over') return resolve(E.left({ type: 'run_finished' }));
        const reply: Reply = {
          resolve: (told) => (replies.delete(reply), resolve(told)),
          reject: (failure) => (replies.delete(reply), reject(failure)),
        };
        replies.add(reply);
        enqueue({ key: null, asked: TE.right(command), reply });
      }),
    get snapshot() {
      return snapshot;
    },
    drain: () =>
      new Promise((resolve) => {
        drained = resolve;
        isDraining = true;
        for (const [key, { abort }] of inFlight) if (!creates.has(key)) abort.abort();
        checkDrained();
      }),
    get isQuiet() {
      return queued === 0 && inFlight.size === 0;
    },
  };
};
