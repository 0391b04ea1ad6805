import type { RunSnapshot } from '../model/snapshot.ts';

const hourMs = 3_600_000;

/**
 * A twentieth of the hour's creates may come at once; the others are spread over the hour, so that
 * no hour has more.
 */
const shapeOf = ({
  config: { limits },
}: RunSnapshot): { readonly intervalMs: number; readonly burstMs: number } | null => {
  const max = limits.createsPerHourMax;
  if (max === null) return null;
  const burst = Math.max(1, Math.floor(max / 20));
  const intervalMs = Math.ceil(hourMs / Math.max(1, max - burst));
  return { intervalMs, burstMs: (burst - 1) * intervalMs };
};

/**
 * When the next batch may be created by pace alone. Each create uses up an interval;
 * `createsPaidUntilMs` is how far they reach. Further than any create can reach it lies only where
 * the clock went back since: then it says nothing, or the run would stand until that time.
 */
export const createAllowedAtMs = (snapshot: RunSnapshot, nowMs: number): number => {
  const shape = shapeOf(snapshot);
  if (shape === null || snapshot.createsPaidUntilMs > nowMs + shape.burstMs + shape.intervalMs)
    return 0;
  return snapshot.createsPaidUntilMs - shape.burstMs;
};

/** `createsPaidUntilMs` after one more create. */
export const paidAfterCreate = (snapshot: RunSnapshot, atMs: number): number => {
  const shape = shapeOf(snapshot);
  return shape === null
    ? 0
    : Math.min(Math.max(snapshot.createsPaidUntilMs, atMs), atMs + shape.burstMs) +
        shape.intervalMs;
};
