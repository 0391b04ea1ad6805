import type { SchedulerLike } from 'rxjs';
import { laterTurn, nextTurn } from './turns.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Where a process may be killed: right before a call of a port, or after it happened and before its answer is heard. */
export interface CrashPoint {
  readonly side: 'before' | 'after';
  /** `port.method`, one of `crashCalls`. */
  readonly call: string;
  /** Counts the points of this process from 1. */
  readonly ordinal: number;
}

/** The calls around which a process may be killed: every effect on the world, and every commit. */
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
 * A simulated process: its timers, and all its calls to the world. Once killed it hears and does nothing more: its timers are
 * dropped, and its promises never settle, as if nobody were there to await them.
 */
export interface SimulatedProcess {
  readonly scheduler: SchedulerLike;
  readonly isAlive: boolean;
  /** Lets a call out into the world, and its answer back in. */
  call<A>(name: string, work: () => Promise<A>): Promise<A>;
  /** Lets a user's own code run, which may wait for virtual time: unless it is known to, it is given a while to answer before time goes on. */
  pull<A>(work: () => Promise<A>): Promise<A>;
  kill(): void;
  /** Resolves when nothing can happen any more without time. */
  quiet(): Promise<void>;
}

/** Turns of the event loop that a user's code gets: enough to read a file. */
const pullTurnsMax = 1_000;
/** What takes more turns waits for a disk or a socket. */
const quickTurnsMax = 500;
/** Five minutes at least. Then a call that never answers is a bug, of ours or of an adapter. */
const laterTurnsMax = 300_000;

/** A process on this time. `strikes` says where it is killed; `isTimeAwaited`, whether the user's own code waits for time to pass. */
export const createProcess = (
  time: VirtualTime,
  strikes: (point: CrashPoint) => boolean,
  isTimeAwaited: () => boolean,
): SimulatedProcess => {
  const clock = time.openClock();
  const calls = new Map<symbol, string>();
  /** Pulls under way, and how many turns each has left. */
  const pulls = new Map<symbol, number>();
  let isAlive = true;
  let pointCount = 0;

  const kill = (): void => {
    isAlive = false;
    clock.stop();
    // A commit that is out may still land, as one does whose process died behind it; whatever else is out reached nobody.
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
  const tracked = async <A, Note>(notes: Map<symbol, Note>, note: Note, work: () => Promise<A>): Promise<A> => {
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
        // Those that pull are promised turns, not time.
        await (turns > quickTurnsMax && calls.size > 0 ? laterTurn() : nextTurn());
        for (const [key, left] of pulls) pulls.set(key, left - 1);
        turns += 1;
        if (turns > quickTurnsMax + laterTurnsMax) throw new Error(`these calls never answer: ${[...calls.values()].join(', ')}`);
      } while (calls.size > 0 || (!isTimeAwaited() && [...pulls.values()].some((left) => left > 0)));
    },
  };
};

const never = <A>(): Promise<A> => new Promise<A>(() => undefined);
