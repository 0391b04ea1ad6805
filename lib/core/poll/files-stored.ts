import type { LiveBatch } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import type { BatchKey } from '../values/ids.ts';

/** These files are settled from their beginning. */
export const filesStored = (
  batchKey: BatchKey,
  files: NonNullable<LiveBatch['files']>,
  atMs: number,
  isConfirmedLost: boolean,
): Event => {
  const part = files.output !== null ? 'output' : files.error !== null ? 'error' : 'rest';
  return {
    type: 'FilesStored',
    atMs,
    batchKey,
    ...files,
    position: { part, offset: 0 },
    isSworn: isConfirmedLost,
  };
};
