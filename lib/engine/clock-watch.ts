/** Holds the wall clock against a clock that nothing sets. */
export interface ClockWatch {
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
export const createClockWatch = (wallMs: () => number, monotonicMs: () => number): ClockWatch => {
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
