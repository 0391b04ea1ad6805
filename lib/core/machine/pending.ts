import { clockWentBack } from '../control/clock.ts';
import { isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { effectsDue, nextDueMs } from './due.ts';

/** When something is owed to the world: now, later, or (null) not before a command comes. */
export const owedAtMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (isStandingStill(snapshot, true)) return null;
  return effectsDue(snapshot, nowMs).length > 0 ? nowMs : nextDueMs(snapshot, nowMs);
};

/** Something is pending by now, or its time was set before the clock went back. */
const isPending = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const atMs = owedAtMs(snapshot, nowMs);
  return atMs !== null && (atMs <= nowMs || clockWentBack(snapshot, nowMs).length > 0);
};

/** Of runs that nobody drives, those to which something is owed by now, or somebody has left a command; at most so many. */
export const pendingRuns = <Run extends { readonly snapshot: RunSnapshot; readonly hasCommands: boolean }>(
  runs: readonly Run[],
  nowMs: number,
  limit: number,
): readonly Run[] =>
  runs.filter(({ snapshot, hasCommands }) => !isFinished(snapshot) && (hasCommands || isPending(snapshot, nowMs))).slice(0, limit);

/**
 * True when nothing more will happen without somebody: no effect is due or ever will be, by what `effectsDue` itself says of the
 * end of time. Without its key a paused run gets no answers, so that what is due does not count. O(live batches).
 */
export const isStandingStill = (snapshot: RunSnapshot, hasSource: boolean): boolean =>
  (snapshot.control.state === 'paused' && snapshot.control.reason === 'authentication_failed') ||
  effectsDue(snapshot, Infinity).every((effect) => effect.type === 'IngestSlice' && !hasSource);
