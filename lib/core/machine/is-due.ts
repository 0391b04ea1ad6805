import { effectsDue } from './due.ts';
import { type Effect, effectKey } from '../model/effect.ts';
import { isJsonObject } from '../json/json.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** The same values under the same keys, in whatever order an engine's storage has put them. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((entry, i) => isSame(entry, b[i]));
  if (!isJsonObject(a) || !isJsonObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  );
};

/**
 * Readings: to ask once more, or of a batch that is over, costs nothing, and `decide` knows what is
 * stale.
 */
const readings: ReadonlySet<Effect['type']> = new Set([
  'PollBatches',
  'PollStrays',
  'SweepBatches',
]);

/**
 * True while this very effect is still due: ask it of the latest durable snapshot right before each
 * performance, where an engine may run an activity again after it lost the result. An effect that
 * was performed and answered is not due any more. O(live batches).
 */
export const isDue = (snapshot: RunSnapshot, effect: Effect, nowMs: number): boolean =>
  effectsDue(snapshot, nowMs).some(
    (due) =>
      due.type === effect.type &&
      effectKey(due) === effectKey(effect) &&
      (readings.has(due.type) || isSame(due, effect)),
  );
