import type { DueKeys } from '../faults/fault-wait.ts';
import { isAdopted } from '../model/adopted.ts';
import type { LiveBatch, DuplicateBatch } from '../model/batch.ts';
import { cancelEffectKey, type Effect, pollKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';
import { isDueAt, effectiveDueMs, hashToUnit } from '../faults/due-time.ts';

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
            requests: batch.requests,
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

/**
 * The interval doubles after every few quiet polls, up to eight times the base, and is jittered by
 * a fifth, so that batches do not march in step.
 */
export const pollWaitMs = (baseMs: number, quietPolls: number, batchKey: string): number => {
  const stretched = baseMs * 2 ** Math.min(3, Math.floor(quietPolls / 8));
  return Math.max(1, Math.round(stretched * (0.9 + 0.2 * hashToUnit(`${batchKey}~${quietPolls}`))));
};

/** The longest wait that `pollWaitMs` answers at this interval. */
export const pollWaitMsMax = (baseMs: number): number => Math.max(1, Math.ceil(baseMs * 8 * 1.1));

/** At least as long as the provider asks, up to the longest wait at this interval. */
export const askedPollWaitMs = (
  baseMs: number,
  quietPolls: number,
  batchKey: string,
  askedMs: number | null | undefined,
): number =>
  Math.max(
    pollWaitMs(baseMs, quietPolls, batchKey),
    Math.min(pollWaitMsMax(baseMs), Math.max(0, askedMs ?? 0)),
  );

/** When a batch is asked about next, whatever the clock did since that was set. */
export const pollDueMs = (
  { config }: RunSnapshot,
  { dueAtMs }: LiveBatch | DuplicateBatch,
  nowMs: number,
): number => effectiveDueMs(dueAtMs, pollWaitMsMax(config.operation.pollIntervalMs), nowMs);
export const isPollDue = (
  { config }: RunSnapshot,
  { dueAtMs }: LiveBatch | DuplicateBatch,
  nowMs: number,
): boolean => isDueAt(dueAtMs, pollWaitMsMax(config.operation.pollIntervalMs), nowMs);
