import type { LiveBatch } from '../model/batch.ts';
import type { Event } from '../model/event.ts';

/**
 * A batch whose create was refused until it was held gets a new input file: the old one may be gone
 * by now, or be the reason.
 */
export const uploadedAnew = (batches: readonly LiveBatch[], atMs: number): readonly Event[] =>
  batches.flatMap(({ batchKey, held, phase }): readonly Event[] =>
    held === null || phase !== 'uploaded'
      ? []
      : [
          {
            type: 'BatchReplanned',
            atMs,
            batchKey,
            message: `batch ${batchKey} is released: its input file is uploaded again`,
            reason: 'released',
          },
        ],
  );
