import type { DueKeys } from '../faults/due-keys.ts';
import type { LiveBatch, StrayBatch } from '../model/batch.ts';
import { type Effect, strayEffectKey, straysKey, sweepKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { knownBatches } from '../model/witness.ts';
import { isPollDue, pollDueMs } from '../poll/poll-wait.ts';
import { isStillSettled } from './stray.ts';
import { isLookDue, lookDueMs } from './unclear.ts';

/** The provider's list is read, for all unconfirmed creates at once. */
export const sweepDue = (snapshot: RunSnapshot, { isDue, isBatchDue }: DueKeys, nowMs: number): readonly Effect[] => {
  const unclear = snapshot.live.flatMap((batch) => (isLookDue(snapshot, batch, nowMs) && isBatchDue(batch.batchKey) ? [batch] : []));
  if (unclear.length === 0 || !isDue(sweepKey)) return [];
  return [
    {
      type: 'SweepBatches',
      creates: unclear.map(({ batchKey, createAttempt, inputFileId, doubt: { stage, sinceMs } }) => ({
        batchKey,
        createAttempt,
        inputFileId,
        stage,
        sinceMs,
      })),
      known: knownBatches(snapshot).map(({ providerBatchId }) => providerBatchId),
      // After the fence the file no longer tells its time, and our clock may differ.
      sinceMs: Math.min(...unclear.map(({ plannedAtMs, doubt }) => Math.min(plannedAtMs, doubt.fileCreatedAtMs ?? Infinity))),
    },
  ];
};

/** The input file of a create that is known to be absent is deleted, so that the create fails should it still be under way. */
export const fenceDue = ({ phase, doubt, batchKey, createAttempt, inputFileId }: LiveBatch): readonly Effect[] =>
  phase === 'indeterminate' && doubt?.stage === 'absent' && inputFileId !== null
    ? [{ type: 'FenceCreate', batchKey, createAttempt, inputFileId }]
    : [];

/** Duplicate batches are cancelled. */
export const strayCancelsDue = ({ strays }: RunSnapshot, { isDue }: DueKeys): readonly Effect[] =>
  strays.flatMap(({ providerBatchId, isCancelAsked, isEnded }): readonly Effect[] =>
    !isCancelAsked && !isEnded && isDue(strayEffectKey(providerBatchId)) ? [{ type: 'CancelStray', providerBatchId }] : [],
  );

/** Duplicate batches are watched to their end, in one effect. */
export const strayPollsDue = (snapshot: RunSnapshot, { isDue }: DueKeys, nowMs: number): readonly Effect[] => {
  const strays = snapshot.strays.filter((stray) => stray.isCancelAsked && isWatched(snapshot, stray) && isPollDue(snapshot, stray, nowMs));
  if (strays.length === 0 || !isDue(straysKey)) return [];
  return [{ type: 'PollStrays', batches: strays.map(({ batchKey, providerBatchId }) => ({ batchKey, providerBatchId })) }];
};

const isWatched = (snapshot: RunSnapshot, stray: StrayBatch): boolean => !stray.isEnded && !isStillSettled(snapshot, stray);

/** When the list is read next, and duplicate batches are asked about. */
export const reconcileTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] => [
  ...snapshot.live.flatMap(({ doubt, held }) => (doubt !== null && held === null ? [lookDueMs(snapshot, doubt, nowMs)] : [])),
  ...snapshot.strays.filter((stray) => isWatched(snapshot, stray)).map((stray) => pollDueMs(snapshot, stray, nowMs)),
];
