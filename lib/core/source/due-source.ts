import type { DueKeys } from '../faults/due-keys.ts';
import { type Effect, ingestKey, sharedKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { sliceRowsMax } from '../values/limits.ts';
import { isShareDue } from './share.ts';

/** Rows read from the source in one effect. */
export const ingestRowsMax = 5_000;

/** The next slice of the source. */
export const ingestDue = (
  { control, ingest }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  control.state === 'running' && !ingest.isComplete && isDue(ingestKey)
    ? [
        {
          type: 'IngestSlice',
          checkpoint: ingest.checkpoint,
          fromIndex: ingest.itemCount,
          rowsMax: ingestRowsMax,
        },
      ]
    : [];

/** Rows that end with the row that was sent for them. */
export const shareDue = (snapshot: RunSnapshot, { isDue }: DueKeys): readonly Effect[] =>
  isShareDue(snapshot) && isDue(sharedKey)
    ? [{ type: 'SettleShared', from: snapshot.sharing.until, rowsMax: sliceRowsMax }]
    : [];
