/** The emulated service's clock. */
export interface Clock {
  nowMs(): number;
  /** Moves the clock forward, in addition to its own speed. */
  advance(ms: number): void;
}

/**
 * A clock that starts at `startMs` and runs `speed` virtual milliseconds per real one. At speed 0
 * only `advance` moves it.
 */
export const createClock = (startMs: number, speed: number): Clock => {
  const realStartMs = performance.now();
  let addedMs = 0;
  return {
    nowMs: () => Math.floor(startMs + addedMs + (performance.now() - realStartMs) * speed),
    advance: (ms) => {
      addedMs += Math.max(0, ms);
    },
  };
};
