import { isCanaryOut } from '../faults/breaker.ts';
import type { DueKeys } from '../faults/fault-wait.ts';
import { isWholeToAdopt, nextAdopted } from '../model/adopting.ts';
import { type Effect, planKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { sliceRowsMax, unsentBatchesMax } from '../values/limits.ts';
import {
  hasCapacityForNext,
  remainingCapacity,
  capacityCheckDueMs,
  statedUntilMs,
  batchLimitsOf,
} from './budget.ts';
import { mayPlanShort, planAgeDueMs, unsentBatchCount } from './plan.ts';

/** The next batch is packed; before the first, those are adopted that were created elsewhere. */
export const planDue = (
  snapshot: RunSnapshot,
  { isDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  if (snapshot.control.state !== 'running' || !isDue(planKey)) return [];
  const toAdopt = nextAdopted(snapshot);
  if (toAdopt !== null)
    return isWholeToAdopt(snapshot, toAdopt)
      ? [{ type: 'AdoptBatch', rowsMax: toAdopt.batch.requests }]
      : [];
  return isPlanDue(snapshot, nowMs)
    ? [
        {
          type: 'PlanBatch',
          generation: snapshot.backlog.generation,
          rowsMax: batchLimitsOf(snapshot).requestsMax,
        },
      ]
    : [];
};

/** Pending rows of a run that is being cancelled end unsent. */
export const failPendingDue = (
  { control, totals, backlog }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  control.state === 'cancel_requested' && totals.pending > 0 && isDue(planKey)
    ? [{ type: 'FailPending', generation: backlog.generation, rowsMax: sliceRowsMax }]
    : [];

/**
 * Enough rows wait for a full batch, or need not wait for one; and the budget, and the way to the
 * provider, are free.
 */
const isPlanDue = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const { totals, backlog } = snapshot;
  if (
    totals.pending === 0 ||
    unsentBatchCount(snapshot) >= unsentBatchesMax ||
    isCanaryOut(snapshot) ||
    !hasCapacityForNext(snapshot, nowMs)
  )
    return false;
  return isBacklogFull(snapshot, nowMs) || mayPlanShort(snapshot, nowMs) || backlog.needs !== null;
};

/**
 * More rows would not make the next batch fuller: what waits fills it, or has more in it than the
 * budget admits.
 */
const isBacklogFull = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const { requestsMax, inputBytesMax, inputTokensMax, learnedBytesMax } = batchLimitsOf(snapshot);
  const { totals, backlog } = snapshot;
  const capacity = remainingCapacity(snapshot, nowMs);
  return (
    totals.pending >= requestsMax ||
    backlog.bytes >= Math.min(inputBytesMax, learnedBytesMax ?? Infinity) ||
    (inputTokensMax !== null && backlog.tokens >= inputTokensMax) ||
    (capacity.requests !== null && totals.pending > capacity.requests) ||
    (capacity.tokens !== null && backlog.tokens > capacity.tokens)
  );
};

/** When a plan may become due by time alone, in a run that is not paused. */
export const planTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] => {
  const { backlog, totals, ingest } = snapshot;
  const checkAtMs = backlog.needs?.retryAtMs;
  return [
    // The limit that the provider stated expires.
    statedUntilMs(snapshot) ?? nowMs,
    ...(typeof checkAtMs === 'number' ? [capacityCheckDueMs(snapshot, checkAtMs, nowMs)] : []),
    ...(totals.pending > 0 && !ingest.isComplete ? [planAgeDueMs(snapshot, nowMs)] : []),
  ];
};
