import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/**
 * Time that only `step` and `jumpTo` move. Actions due at one moment run in the order of
 * scheduling.
 */
export interface VirtualTime {
  now(): number;
  /** A clock on this time whose actions can be dropped together: the timers of one process. */
  openClock(): VirtualClock;
  /** When the next action is due, in milliseconds; null: none. */
  nextDueMs(): number | null;
  /**
   * Moves to the next action and runs only that, so that promises settle between steps. False when
   * there is none.
   */
  step(): boolean;
  /**
   * Moves the wall clocks of all processes by so many milliseconds, back when negative. Virtual
   * time itself is unchanged.
   */
  setClock(byMs: number): void;
  /** How far the wall clocks are ahead of virtual time, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Moves to a moment; throws when an action is due before it. */
  jumpTo(ms: number): void;
}

/** The clock of one simulated process: its actions end with it. */
export interface VirtualClock {
  readonly scheduler: SchedulerLike;
  /** True while an action of this clock is still to run. */
  readonly isAwaited: boolean;
  /** Drops the actions of this clock; no more can be scheduled. */
  stop(): void;
}

interface Due {
  readonly atMs: number;
  readonly sequence: number;
  run(): void;
}

/** Virtual time that begins at a date. */
export const createVirtualTime = (startAt: Date): VirtualTime => {
  let nowMs = startAt.getTime();
  let clockOffsetMs = 0;
  let count = 0;
  /** Ascending by time, then by sequence; few actions wait at any moment. */
  const queue: Due[] = [];

  const put = (delayMs: number, run: () => void): Due => {
    count += 1;
    const due = { atMs: nowMs + Math.max(0, delayMs), sequence: count, run };
    const at = queue.findLastIndex((other) => other.atMs <= due.atMs) + 1;
    queue.splice(at, 0, due);
    return due;
  };
  const drop = (due: Due | null): void => {
    const at = due === null ? -1 : queue.indexOf(due);
    if (at >= 0) queue.splice(at, 1);
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
      if (next !== undefined && next.atMs < ms)
        throw new RangeError('virtual time cannot skip a due action');
      nowMs = Math.max(nowMs, ms);
    },
    openClock() {
      const open = new Set<Subscription>();
      let isStopped = false;
      const schedule = <T>(
        work: (this: SchedulerAction<T>, state?: T) => void,
        delay = 0,
        state?: T,
      ): Subscription => {
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

/** One scheduled action. It ends after a run, unless it schedules itself again meanwhile. */
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
