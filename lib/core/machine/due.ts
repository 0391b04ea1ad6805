import { compactsDue, deletesDue } from '../artifacts/due-artifacts.ts';
import { dueKeys } from '../faults/due-keys.ts';
import { faultDueMs } from '../faults/fault-wait.ts';
import type { LiveBatch } from '../model/batch.ts';
import { type Effect, ingestKey, planKey, pollKey, requeueKey } from '../model/effect.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { failPendingDue, planDue, planTimes } from '../plan/due-plan.ts';
import { cancelDue, filesDue, isPollable, pollDue, pollTimes } from '../poll/due-poll.ts';
import {
  fenceDue,
  reconcileTimes,
  duplicateCancelsDue,
  duplicatePollsDue,
  reconcileDue,
} from '../reconcile/due-reconcile.ts';
import { requeueDue, requeueTimes, settleDue } from '../settle/due-settle.ts';
import { ingestDue, shareDue } from '../source/due-source.ts';
import { submitDue, submitTimes } from '../submit/due-submit.ts';
import type { EffectKey } from '../values/ids.ts';

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
