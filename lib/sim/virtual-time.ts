import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Time that stands still until somebody steps it. What is due at one moment runs in the order in which it was scheduled. */
export interface VirtualTime {
  now(): number;
  /** A clock on this time, whose actions can be dropped together: the timers of one process. */
  openClock(): VirtualClock;
  /** When the next action is due; null: nothing waits. */
  nextDueMs(): number | null;
  /** Moves to the next action and runs it, that one alone: promises settle between two steps, not within one. False when nothing waits. */
  step(): boolean;
  /** Sets the wall clocks of all processes ahead, or back where it is negative. Time itself goes on as before. */
  setClock(byMs: number): void;
  /** How far the wall clocks are ahead of time. */
  readonly clockOffsetMs: number;
  /** Moves on to a moment; throws when an action is due before it. */
  jumpTo(ms: number): void;
}

export interface VirtualClock {
  readonly scheduler: SchedulerLike;
  /** True while something that was scheduled here is still to run. */
  readonly isAwaited: boolean;
  /** True after: what was scheduled here never runs, and nothing more can be. */
  stop(): void;
}

interface Due {
  readonly atMs: number;
  readonly ordinal: number;
  run(): void;
}

/** Virtual time that begins at a date. */
export const createVirtualTime = (startAt: Date): VirtualTime => {
  let nowMs = startAt.getTime();
  let clockOffsetMs = 0;
  let count = 0;
  /** Ascending by time, then by ordinal: few actions wait at any moment. */
  const queue: Due[] = [];

  const put = (delayMs: number, run: () => void): Due => {
    count += 1;
    const due = { atMs: nowMs + Math.max(0, delayMs), ordinal: count, run };
    const place = queue.findLastIndex((other) => other.atMs <= due.atMs) + 1;
    queue.splice(place, 0, due);
    return due;
  };
  const drop = (due: Due | null): void => {
    const place = due === null ? -1 : queue.indexOf(due);
    if (place >= 0) queue.splice(place, 1);
  };

  return {
    now: () => nowMs,
    setClock(byMs) {
      clockOffsetMs += byMs;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    nextDueMs: () => queue[0]?.atMs ?? null,
    step() {
      const due = queue.shift();
      if (due === undefined) return false;
      nowMs = Math.max(nowMs, due.atMs);
      due.run();
      return true;
    },
    jumpTo(ms) {
      const next = queue[0];
      if (next !== undefined && next.atMs < ms) throw new RangeError('virtual time does not pass over what is due');
      nowMs = Math.max(nowMs, ms);
    },
    openClock() {
      const open = new Set<Subscription>();
      let isStopped = false;
      const schedule = <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription => {
        if (isStopped) return Subscription.EMPTY;
        const action = new VirtualAction<T>(work, put, drop);
        open.add(action);
        action.add(() => open.delete(action));
        return action.schedule(state, delay);
      };
      return {
        scheduler: { now: () => nowMs + clockOffsetMs, schedule },
        get isAwaited() {
          return open.size > 0;
        },
        stop() {
          isStopped = true;
          for (const action of [...open]) action.unsubscribe();
        },
      };
    },
  };
};

/** One scheduled piece of work; it may schedule itself again while it runs, else it is over. */
class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  readonly #put: (delayMs: number, run: () => void) => Due;
  readonly #drop: (due: Due | null) => void;
  #due: Due | null = null;

  constructor(
    work: (this: SchedulerAction<T>, state?: T) => void,
    put: (delayMs: number, run: () => void) => Due,
    drop: (due: Due | null) => void,
  ) {
    super();
    this.#work = work;
    this.#put = put;
    this.#drop = drop;
    this.add(() => this.#drop(this.#due));
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#drop(this.#due);
    this.#due = this.#put(delay, () => this.#run(state));
    return this;
  }

  #run(state?: T): void {
    this.#due = null;
    try {
      this.#work.call(this, state);
    } catch (error) {
      this.unsubscribe();
      throw error;
    }
    if (this.#due === null) this.unsubscribe();
  }
}
