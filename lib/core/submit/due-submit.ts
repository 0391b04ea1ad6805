import type { LiveBatch } from '../model/batch.ts';
import type { Effect } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isTooLarge } from '../plan/budget.ts';
import { isInline } from '../values/service-traits.ts';
import { createAllowedAtMs } from '../plan/pace.ts';
import { probeEndsAtMs, restUntilMs } from '../plan/queue.ts';
import { inputStaleAtMs, isInputStale, mayCreate } from './submit.ts';

/**
 * What is due of a batch that is not created yet: the upload, the intent, the create; or that it is
 * dropped.
 */
export const submitDue = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  nowMs: number,
): readonly Effect[] => {
  const { batchKey, batchNo, createAttempt, requests, inputBytes, inputFileId } = batch;
  const { state } = snapshot.control;
  if (batch.phase === 'creating')
    return inputFileId === null && !isInline(snapshot.config)
      ? []
      : [
          {
            type: 'CreateBatch',
            batchKey,
            batchNo,
            createAttempt,
            inputFileId,
            requests,
            inputBytes,
          },
        ];
  if (batch.phase !== 'planned' && batch.phase !== 'uploaded') return [];
  if (state === 'cancel_requested' || (state === 'running' && isTooLarge(snapshot, batch, nowMs)))
    return [{ type: 'DropBatch', batchKey }];
  if (batch.phase === 'planned')
    return state === 'running'
      ? [{ type: 'UploadBatch', batchKey, batchNo, createAttempt: createAttempt + 1, inputBytes }]
      : [];
  if (!mayCreate(snapshot, batch, nowMs)) return [];
  return [{ type: isInputStale(snapshot, batch, nowMs) ? 'ReplanBatch' : 'BeginCreate', batchKey }];
};

/** When a create may become due by time alone. */
export const submitTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] =>
  snapshot.live.flatMap((batch) =>
    batch.phase === 'uploaded'
      ? [
          inputStaleAtMs(snapshot, batch) ?? nowMs,
          createAllowedAtMs(snapshot, nowMs),
          probeEndsAtMs(snapshot, nowMs) ?? nowMs,
          restUntilMs(snapshot, nowMs),
        ]
      : [],
  );
