import { compactsDue, deletesDue } from '../artifacts/artifacts.ts';
import { faultDueMs, dueKeys } from '../faults/fault-wait.ts';
import type { LiveBatch } from '../model/batch.ts';
import {
  type Effect,
  ingestKey,
  planKey,
  pollKey,
  requeueKey,
  effectKey,
} from '../model/effect.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { failPendingDue, planDue, planTimes } from '../plan/due-plan.ts';
import { cancelDue, filesDue, isPollable, pollDue, pollTimes } from '../poll/due-poll.ts';
import {
  fenceDue,
  reconcileTimes,
  duplicateCancelsDue,
  duplicatePollsDue,
  reconcileDue,
  unfencedDue,
} from '../reconcile/due-reconcile.ts';
import { requeueDue, requeueTimes, settleDue } from '../settle/settle.ts';
import { ingestDue, shareDue } from '../source/source.ts';
import { submitDue, submitTimes } from '../submit/due-submit.ts';
import type { EffectKey } from '../values/ids.ts';
import { isJsonObject } from '../json/json.ts';

/**
 * The effects that are due now. Level-triggered: asked twice, answers twice; callers keep one
 * performance per `effectKey`. O(live batches).
 */
export const effectsDue = (snapshot: RunSnapshot, nowMs: number): readonly Effect[] => {
  if (!isCreated(snapshot) || isFinished(snapshot)) return [];
  const keys = dueKeys(snapshot, nowMs);
  const ofBatch = (batch: LiveBatch): readonly Effect[] =>
    batch.held === null && keys.isBatchDue(batch.batchKey)
      ? [
          ...submitDue(snapshot, batch, nowMs),
          ...fenceDue(batch),
          ...filesDue(batch),
          ...settleDue(batch),
        ]
      : [];
  return [
    ...snapshot.live.flatMap((batch) => [...ofBatch(batch), ...cancelDue(snapshot, batch, keys)]),
    ...reconcileDue(snapshot, keys, nowMs),
    ...unfencedDue(snapshot, keys, nowMs),
    ...deletesDue(snapshot, keys),
    ...compactsDue(snapshot, keys),
    ...duplicateCancelsDue(snapshot, keys),
    ...duplicatePollsDue(snapshot, keys, nowMs),
    ...pollDue(snapshot, keys, nowMs),
    ...requeueDue(snapshot, keys, nowMs),
    ...shareDue(snapshot, keys),
    ...planDue(snapshot, keys, nowMs),
    ...ingestDue(snapshot, keys),
    ...failPendingDue(snapshot, keys),
  ];
};

/**
 * When `effectsDue` may differ by time alone, in ms since the epoch; null when only a command can
 * change it. O(live batches).
 */
export const nextDueMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (!isCreated(snapshot) || isFinished(snapshot)) return null;
  const waits = snapshot.faults.filter(({ key }) => isFaultOfInterest(snapshot, key));
  const times = [
    ...waits.map((record) => faultDueMs(snapshot, record, nowMs)),
    ...pollTimes(snapshot, nowMs),
    ...reconcileTimes(snapshot, nowMs),
    ...submitTimes(snapshot, nowMs),
    ...(snapshot.control.state === 'running'
      ? [...requeueTimes(snapshot, nowMs), ...planTimes(snapshot, nowMs)]
      : []),
  ];
  const later = times.filter((time) => time > nowMs);
  return later.length === 0 ? null : Math.min(...later);
};

/** While the run is paused, only stages that still work set a due time. */
const isFaultOfInterest = (snapshot: RunSnapshot, key: EffectKey): boolean => {
  if (snapshot.control.state === 'running') return true;
  if (key === ingestKey || key === planKey || key === requeueKey)
    return snapshot.control.state === 'cancel_requested' && key !== ingestKey;
  if (key === pollKey) return snapshot.live.some(isPollable);
  return true;
};

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
