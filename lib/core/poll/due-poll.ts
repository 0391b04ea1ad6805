import type { DueKeys } from '../faults/due-keys.ts';
import { isAdopted } from '../model/adopted.ts';
import type { LiveBatch } from '../model/batch.ts';
import { cancelEffectKey, type Effect, pollKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';
import { isPollDue, pollDueMs } from './poll-wait.ts';

/** True for a batch that is asked about. */
export const isPollable = (batch: LiveBatch): boolean =>
  batch.phase === 'created' && batch.held === null;

/** Batches that are asked about now, in one effect. */
export const pollDue = (
  snapshot: RunSnapshot,
  { isDue, isBatchDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const batches = snapshot.live.flatMap((batch) =>
    batch.providerBatchId !== null &&
    isPollable(batch) &&
    isPollDue(snapshot, batch, nowMs) &&
    isBatchDue(batch.batchKey)
      ? [
          {
            batchKey: batch.batchKey,
            providerBatchId: batch.providerBatchId,
            ...(isAdopted(snapshot.config, batch.batchNo) ? { isAdopted: true } : {}),
          },
        ]
      : [],
  );
  return batches.length > 0 && isDue(pollKey) ? [{ type: 'PollBatches', batches }] : [];
};

/** While the run is cancelled, each batch at the provider is cancelled too, once. */
export const cancelDue = (
  { control, config }: RunSnapshot,
  batch: LiveBatch,
  { isDue }: DueKeys,
): readonly Effect[] => {
  const { batchKey, providerBatchId } = batch;
  if (
    control.state !== 'cancel_requested' ||
    !traitsOf(config).cancel ||
    !isPollable(batch) ||
    batch.cancelAsked ||
    providerBatchId === null
  )
    return [];
  return isDue(cancelEffectKey(batchKey))
    ? [{ type: 'CancelBatch', batchKey, providerBatchId }]
    : [];
};

/** The files of a batch that has ended. */
export const filesDue = ({ phase, files, ending, batchKey }: LiveBatch): readonly Effect[] =>
  phase === 'ended' && files === null
    ? [
        {
          type: 'StoreFiles',
          batchKey,
          outputFileId: ending?.outputFileId ?? null,
          errorFileId: ending?.errorFileId ?? null,
        },
      ]
    : [];

/** When batches are asked about next. */
export const pollTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] =>
  snapshot.live.filter(isPollable).map((batch) => pollDueMs(snapshot, batch, nowMs));
