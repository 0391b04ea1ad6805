import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { clockJumpMsMin } from '../core/control/clock.ts';
import type { Command } from '../core/model/command.ts';
import type { Rejection } from '../core/model/rejection.ts';
import type { RunSnapshot } from '../core/model/snapshot.ts';
import type { EffectKey } from '../core/values/ids.ts';
import { EngineFailure } from '../effects/faults.ts';
import type { Asked, EnginePorts } from '../effects/ports.ts';
import type { PortError } from '../ports/port-error.ts';
import { restMs, type Rests } from './flights.ts';
import { transition } from '../core/machine/transition.ts';
import type { Event } from '../core/model/event.ts';
import type { OwnedRun, QuotaGuard } from '../ports/run-store.ts';

/** What became of a command. */
export type Told = E.Either<Rejection, RunSnapshot>;

/** A caller that waits for what becomes of its command. */
export interface Reply {
  resolve(result: Told): void;
  reject(failure: EngineFailure): void;
}

/** An answer or a command that waits for its commit. */
export interface Waiting {
  /** Null: it answers no effect. */
  readonly key: EffectKey | null;
  /** Null: only the clock is checked. */
  readonly asked: Asked | null;
  readonly reply: Reply | null;
}

/**
 * Commits one answer after the other; each is decided by the snapshot that the one before it left.
 */
export interface Commits {
  readonly snapshot: RunSnapshot;
  /**
   * What became true, in order. Rejects with `EngineFailure` where the store failed, or an answer
   * to an effect is malformed.
   */
  commit(waiting: Waiting): Promise<readonly Committed[]>;
  readonly hasClockJumped: boolean;
}

export const createCommits = (
  { run, scheduler, monotonicMs, randomHex }: EnginePorts,
  rests: Rests,
): Commits => {
  const watch =
    monotonicMs === undefined ? null : createClockWatch(() => scheduler.now(), monotonicMs);
  const hasClockJumped = (): boolean => Math.abs(watch?.jumpMs() ?? 0) >= clockJumpMsMin;
  const rest = (key: EffectKey | null, forMs: number = restMs): void => {
    if (key !== null) rests.add(key, run.snapshot.version, scheduler.now() + forMs);
  };

  /**
   * Waits are measured by the wall clock: that it was set is committed before anything that was
   * stamped by it.
   */
  const commitJump = async (): Promise<Committed | null> => {
    const byMs = hasClockJumped() ? (watch?.jumpMs() ?? 0) : 0;
    if (byMs === 0) return null;
    watch?.accept(byMs);
    const committed = await commitCommand(run, {
      type: 'RecordClockJump',
      atMs: scheduler.now(),
      byMs,
    })();
    if (E.isLeft(committed)) throw new EngineFailure(committed.left);
    return E.isLeft(committed.right) ? null : committed.right.right;
  };

  const commitAnswer = async (
    { key, reply }: Waiting,
    read: E.Either<PortError, Command>,
  ): Promise<Committed | null> => {
    if (E.isLeft(read)) throw new EngineFailure(read.left);
    const { right: command } = read;
    const guard =
      command.type === 'PlanBatch' && command.others !== undefined
        ? { others: command.others }
        : undefined;
    const committed = await commitCommand(run, command, guard)();
    if (E.isLeft(committed)) {
      if (committed.left.type !== 'quota_taken' || key === null)
        throw new EngineFailure(committed.left);
      // Another run of the scope was faster. Both may have given way: each comes again at a random
      // time of its own.
      rest(key, restMs * (0.5 + Number.parseInt(randomHex(4), 16) / 0xffff));
      return null;
    }
    const result = committed.right;
    // Asked again it would be malformed again: an adapter's fault, which has to be seen.
    if (E.isLeft(result) && result.left.type === 'malformed_command' && key !== null)
      throw new EngineFailure({
        type: 'unavailable',
        message: `the answer to an effect is malformed: ${result.left.message}`,
        cause: key,
      });
    reply?.resolve(E.map(({ snapshot }: Committed) => snapshot)(result));
    if (E.isRight(result) && result.right.events.length > 0) return result.right;
    rest(key);
    return null;
  };

  return {
    get snapshot() {
      return run.snapshot;
    },
    async commit(waiting) {
      const read = await waiting.asked?.();
      const jump = await commitJump();
      const step = read === undefined ? null : await commitAnswer(waiting, read);
      return [jump, step].filter((committed) => committed !== null);
    },
    get hasClockJumped() {
      return hasClockJumped();
    },
  };
};

/** What one commit made true. */
export interface Committed {
  /** Empty: the command changed nothing, and nothing was written. */
  readonly events: readonly Event[];
  readonly snapshot: RunSnapshot;
  readonly fromVersion: number;
}

/**
 * The one way by which a command becomes part of a run: decided by the run's snapshot, then
 * committed. A rejection changes nothing; an error of the store leaves the run as its store has it.
 */
export const commitCommand = (
  run: OwnedRun,
  command: Command,
  guard?: QuotaGuard,
): TE.TaskEither<PortError, E.Either<Rejection, Committed>> => {
  const { snapshot } = run;
  const fromVersion = snapshot.version;
  const decided = transition(snapshot, command);
  if (E.isLeft(decided)) return TE.right(decided);
  const { events } = decided.right;
  if (events.length === 0) return TE.right(E.right({ events, snapshot, fromVersion }));
  return pipe(
    run.commit(fromVersion, events, guard),
    TE.map((committed) => E.right({ events, snapshot: committed, fromVersion })),
  );
};

/** Holds the wall clock against a clock that nothing sets. */
interface ClockWatch {
  /**
   * How far the wall clock went beyond the time that passed since the last `accept`, in whole
   * milliseconds: back, where it is negative.
   */
  jumpMs(): number;
  /** From now on that jump counts as known. */
  accept(byMs: number): void;
}

/**
 * The two clocks have to be read at one moment: a process that is stopped between them would see a
 * jump where there is none.
 */
const readingMsMax = 50;
const readingsMax = 5;

/** Watches from now on. `monotonicMs` counts milliseconds from any origin, and never goes back. */
const createClockWatch = (wallMs: () => number, monotonicMs: () => number): ClockWatch => {
  const offsetMs = (): number | null => {
    for (let reading = 0; reading < readingsMax; reading += 1) {
      const before = monotonicMs();
      const wall = wallMs();
      if (monotonicMs() - before <= readingMsMax) return wall - before;
    }
    return null;
  };
  let known = offsetMs();
  return {
    jumpMs() {
      const now = offsetMs();
      known ??= now;
      return now === null || known === null ? 0 : Math.round(now - known);
    },
    accept(byMs) {
      if (known !== null) known += byMs;
    },
  };
};

/**
 * Callers that wait for what becomes of their commands. All of them are answered when the engine
 * stops.
 */
interface Replies {
  /** Why the engine stopped; null: it did not. */
  readonly stopped: EngineFailure | 'over' | null;
  stop(why: EngineFailure | 'over'): void;
  waitFor(ask: (reply: Reply) => void): Promise<Told>;
}

export const createReplies = (): Replies => {
  const replies = new Set<Reply>();
  let stopped: EngineFailure | 'over' | null = null;
  return {
    get stopped() {
      return stopped;
    },
    stop(why) {
      stopped ??= why;
      for (const reply of replies) {
        if (why === 'over') reply.resolve(E.left({ type: 'run_finished' }));
        else reply.reject(why);
      }
      replies.clear();
    },
    waitFor: (ask) =>
      new Promise((resolve, reject) => {
        if (stopped === 'over') return resolve(E.left({ type: 'run_finished' }));
        if (stopped !== null) return reject(stopped);
        const reply: Reply = {
          resolve: (result) => (replies.delete(reply), resolve(result)),
          reject: (failure) => (replies.delete(reply), reject(failure)),
        };
        replies.add(reply);
        ask(reply);
      }),
  };
};
