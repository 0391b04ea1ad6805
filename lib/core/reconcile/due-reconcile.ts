import type { DueKeys } from '../faults/fault-wait.ts';
import type { LiveBatch, DuplicateBatch } from '../model/batch.ts';
import {
  type Effect,
  duplicateEffectKey,
  duplicatesKey,
  reconcileKey,
  unfencedKey,
} from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { knownBatches } from './list-proof.ts';
import { isPollDue, pollDueMs } from '../poll/due-poll.ts';
import { isStillSettled } from './duplicates.ts';
import { isReconcileDue, reconcileDueMs } from './unconfirmed.ts';
import { unfencedDueMs, unfencedQueries } from './unfenced.ts';

/** The provider's list is read, for all unconfirmed creates at once. */
export const reconcileDue = (
  snapshot: RunSnapshot,
  { isDue, isBatchDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const unconfirmed = snapshot.live.flatMap((batch) =>
    isReconcileDue(snapshot, batch, nowMs) && isBatchDue(batch.batchKey) ? [batch] : [],
  );
  if (unconfirmed.length === 0 || !isDue(reconcileKey)) return [];
  return [
    {
      type: 'SweepBatches',
      creates: unconfirmed.map(
        ({ batchKey, createAttempt, inputFileId, requests, sentAtMs, newestBatchId, doubt }) => ({
          batchKey,
          createAttempt,
          inputFileId,
          stage: doubt.stage,
          sinceMs: doubt.sinceMs,
          requests,
          ...(sentAtMs === null ? {} : { sentAtMs }),
          newestBatchId,
        }),
      ),
      known: [
        ...new Set([
          ...knownBatches(snapshot).map(({ providerBatchId }) => providerBatchId),
          ...unconfirmed.flatMap(({ newestBatchId }) => newestBatchId ?? []),
        ]),
      ],
      // After the fence the file's creation time can no longer be read, and our clock may differ.
      sinceMs: Math.min(
        ...unconfirmed.map(({ plannedAtMs, doubt }) =>
          Math.min(plannedAtMs, doubt.fileCreatedAtMs ?? Infinity),
        ),
      ),
    },
  ];
};

/** It is read, too, for creates that were sent again and may still come through. */
export const unfencedDue = (
  snapshot: RunSnapshot,
  { isDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const creates = isDue(unfencedKey) ? unfencedQueries(snapshot, nowMs) : [];
  if (creates.length === 0) return [];
  return [
    {
      type: 'SweepBatches',
      creates,
      known: [
        ...new Set([
          ...knownBatches(snapshot).map(({ providerBatchId }) => providerBatchId),
          ...creates.flatMap(({ newestBatchId }) => newestBatchId ?? []),
        ]),
      ],
      sinceMs: Math.min(...creates.map(({ sentAtMs = 0 }) => sentAtMs)),
    },
  ];
};

/**
 * The input file of a create that is known to be absent is deleted, so that the create fails should
 * it still be under way.
 */
export const fenceDue = ({
  phase,
  doubt,
  batchKey,
  createAttempt,
  inputFileId,
}: LiveBatch): readonly Effect[] =>
  phase === 'indeterminate' && doubt?.stage === 'absent' && inputFileId !== null
    ? [{ type: 'FenceCreate', batchKey, createAttempt, inputFileId }]
    : [];

/** Duplicate batches are cancelled. */
export const duplicateCancelsDue = (
  { strays }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  strays.flatMap(({ providerBatchId, isCancelAsked, isEnded }): readonly Effect[] =>
    !isCancelAsked && !isEnded && isDue(duplicateEffectKey(providerBatchId))
      ? [{ type: 'CancelStray', providerBatchId }]
      : [],
  );

/** Duplicate batches are watched to their end, in one effect. */
export const duplicatePollsDue = (
  snapshot: RunSnapshot,
  { isDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const duplicates = snapshot.strays.filter(
    (duplicate) =>
      duplicate.isCancelAsked &&
      isWatched(snapshot, duplicate) &&
      isPollDue(snapshot, duplicate, nowMs),
  );
  if (duplicates.length === 0 || !isDue(duplicatesKey)) return [];
  return [
    {
      type: 'PollStrays',
      batches: duplicates.map(({ batchKey, providerBatchId }) => ({ batchKey, providerBatchId })),
    },
  ];
};

const isWatched = (snapshot: RunSnapshot, duplicate: DuplicateBatch): boolean =>
  !duplicate.isEnded && !isStillSettled(snapshot, duplicate);

/** When the list is read next, and duplicate batches are asked about. */
export const reconcileTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] => [
  ...snapshot.live.flatMap(({ doubt, held }) =>
    doubt !== null && held === null ? [reconcileDueMs(snapshot, doubt, nowMs)] : [],
  ),
  ...snapshot.unfenced.flatMap((create) => unfencedDueMs(snapshot, create, nowMs) ?? []),
  ...snapshot.strays
    .filter((duplicate) => isWatched(snapshot, duplicate))
    .map((duplicate) => pollDueMs(snapshot, duplicate, nowMs)),
];
