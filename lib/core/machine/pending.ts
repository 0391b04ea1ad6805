import { clockWentBack } from '../control/clock.ts';
import { isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { effectsDue, nextDueMs } from './due.ts';

/**
 * When the run's next effect is due, in ms: `nowMs` where one is due now; null where none will be
 * before a command.
 */
export const owedAtMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (isStandingStill(snapshot, true)) return null;
  return effectsDue(snapshot, nowMs).length > 0 ? nowMs : nextDueMs(snapshot, nowMs);
};

/** True when an effect is due by `nowMs`, or its time was set before the clock went back. */
const isPending = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const atMs = owedAtMs(snapshot, nowMs);
  return atMs !== null && (atMs <= nowMs || clockWentBack(snapshot, nowMs).length > 0);
};

/**
 * Of runs without an owner, those with an effect due by `nowMs` or with a command in the inbox; at
 * most `limit`.
 */
export const pendingRuns = <
  Run extends { readonly snapshot: RunSnapshot; readonly hasCommands: boolean },
>(
  runs: readonly Run[],
  nowMs: number,
  limit: number,
): readonly Run[] =>
  runs
    .filter(
      ({ snapshot, hasCommands }) =>
        !isFinished(snapshot) && (hasCommands || isPending(snapshot, nowMs)),
    )
    .slice(0, limit);

/**
 * True when only a command can move the run: no effect is due or ever will be, by `effectsDue` at
 * the end of time. A paused run whose API key was refused gets no answers, so its due effects do
 * not count. O(live batches).
 */
export const isStandingStill = (snapshot: RunSnapshot, hasSource: boolean): boolean =>
  (snapshot.control.state === 'paused' && snapshot.control.reason === 'authentication_failed') ||
  effectsDue(snapshot, Infinity).every((effect) => effect.type === 'IngestSlice' && !hasSource);
