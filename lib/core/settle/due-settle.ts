import type { DueKeys } from '../faults/due-keys.ts';
import { nextAdopted } from '../model/adopting.ts';
import type { LiveBatch } from '../model/batch.ts';
import { type Effect, requeueKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { sliceRowsMax } from '../values/limits.ts';
import { bucketsDueMs, dueBucket } from './verdict.ts';

/** The next slice of a batch whose files are stored. */
export const settleDue = ({
  phase,
  files,
  batchKey,
  batchNo,
  position,
}: LiveBatch): readonly Effect[] =>
  phase === 'ended' && files !== null
    ? [{ type: 'SettleSlice', batchKey, batchNo, position, rowsMax: sliceRowsMax }]
    : [];

/**
 * Rows whose backoff has passed; all of them in a run that is being cancelled, none in one that is
 * paused.
 */
export const requeueDue = (
  snapshot: RunSnapshot,
  { isDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const { control, backoff } = snapshot;
  // While batches are adopted, the rows in front are those of the next of them.
  if (control.state !== 'cancel_requested' && nextAdopted(snapshot) !== null) return [];
  const ripe = control.state === 'cancel_requested' ? backoff[0] : dueBucket(snapshot, nowMs);
  return ripe !== undefined && ripe !== null && control.state !== 'paused' && isDue(requeueKey)
    ? [{ type: 'RequeueRows', dueAtMs: ripe.dueAtMs, rowsMax: sliceRowsMax }]
    : [];
};

/** When the next rows have waited long enough. */
export const requeueTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] => [
  bucketsDueMs(snapshot, nowMs) ?? nowMs,
];
