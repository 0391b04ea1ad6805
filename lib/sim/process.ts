import type { SchedulerLike } from 'rxjs';
import { laterTurn, nextTurn } from './turns.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * A point at which a process may be killed: right before a call of a port, or after it happened and
 * before its answer arrives.
 */
export interface CrashPoint {
  readonly side: 'before' | 'after';
  /** `port.method`, one of `crashCalls`. */
  readonly call: string;
  /** The number of this point in its process, from 1. */
  readonly ordinal: number;
}

/** The calls around which a process may be killed: every external effect and every commit. */
export const crashCalls: readonly string[] = [
  'run.commit',
  'artifacts.put',
  'artifacts.remove',
  'provider.upload',
  'provider.create',
  'provider.sweep',
  'provider.deleteFile',
  'provider.observe',
  'provider.download',
  'provider.cancel',
];

/**
 * A simulated process: its timers and all its calls to the outside. Once killed it does nothing
 * more: its timers are dropped, and its promises never settle.
 */
export interface SimulatedProcess {
  readonly scheduler: SchedulerLike;
  readonly isAlive: boolean;
  /** Runs a call of a port, with a crash point before and after it. */
  call<A>(name: string, work: () => Promise<A>): Promise<A>;
  /**
   * Runs a user's own code. The clock waits for it for a limited number of turns, unless the code
   * itself waits for virtual time.
   */
  pull<A>(work: () => Promise<A>): Promise<A>;
  kill(): void;
  /** Resolves when nothing more can happen without time passing. */
  quiet(): Promise<void>;
}

/** Event loop turns for a user's code: enough to read a file. */
const pullTurnsMax = 1_000;
/** Calls that take more turns wait for a disk or a socket. */
const quickTurnsMax = 500;
/** Five minutes at least. A call that takes longer is a bug. */
const laterTurnsMax = 300_000;

/**
 * A process on this time. `strikes` selects the crash points that kill it; `isTimeAwaited` tells
 * whether user code waits for time to pass.
 */
export const createProcess = (
  time: VirtualTime,
  strikes: (point: CrashPoint) => boolean,
  isTimeAwaited: () => boolean,
): SimulatedProcess => {
  const clock = time.openClock();
  const calls = new Map<symbol, string>();
  /** Pulls in progress, with the turns that each has left. */
  const pulls = new Map<symbol, number>();
  let isAlive = true;
  let pointCount = 0;

  const kill = (): void => {
    isAlive = false;
    clock.stop();
    // A commit in progress may still happen, as with a process that dies during one. Other calls in
    // progress have no effect.
    for (const [key, name] of calls) if (name !== 'run.commit') calls.delete(key);
    pulls.clear();
  };
  const survives = (side: CrashPoint['side'], call: string): boolean => {
    if (!isAlive) return false;
    if (!crashCalls.includes(call)) return true;
    pointCount += 1;
    if (strikes({ side, call, ordinal: pointCount })) kill();
    return isAlive;
  };
  const tracked = async <A, Note>(
    notes: Map<symbol, Note>,
    note: Note,
    work: () => Promise<A>,
  ): Promise<A> => {
    const key = Symbol();
    notes.set(key, note);
    try {
      return await work();
    } finally {
      notes.delete(key);
    }
  };

  return {
    scheduler: clock.scheduler,
    get isAlive() {
      return isAlive;
    },
    kill,
    async call(name, work) {
      if (!survives('before', name)) return never();
      const answered = await tracked(calls, name, work).then(
        (answer) => ({ answer }),
        (thrown: unknown) => ({ thrown }),
      );
      if (!survives('after', name)) return never();
      if ('thrown' in answered) throw answered.thrown;
      return answered.answer;
    },
    async pull(work) {
      if (!isAlive) return never();
      const answer = await tracked(pulls, pullTurnsMax, work);
      return isAlive ? answer : never();
    },
    async quiet() {
      let turns = 0;
      do {
        // Code that pulls is given turns, not time.
        await (turns > quickTurnsMax && calls.size > 0 ? laterTurn() : nextTurn());
        for (const [key, left] of pulls) pulls.set(key, left - 1);
        turns += 1;
        if (turns > quickTurnsMax + laterTurnsMax)
          throw new Error(`these calls did not answer: ${[...calls.values()].join(', ')}`);
      } while (
        calls.size > 0 ||
        (!isTimeAwaited() && [...pulls.values()].some((left) => left > 0))
      );
    },
  };
};

const never = <A>(): Promise<A> => new Promise<A>(() => undefined);
