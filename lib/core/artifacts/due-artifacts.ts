import type { DueKeys } from '../faults/due-keys.ts';
import { compactEffectKey, type Effect, deleteFileKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** Input files to delete at the provider, one after the other. */
export const deletesDue = (
  { litter: [fileId] }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  fileId !== undefined && isDue(deleteFileKey(fileId)) ? [{ type: 'DeleteFile', fileId }] : [];

/** Raw files that are not kept are made compact, one after the other. */
export const compactsDue = (
  {
    artifacts: {
      unkept: [object],
    },
  }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  object !== undefined && isDue(compactEffectKey(object)) ? [{ type: 'CompactFile', object }] : [];
