import { type AdoptedRange, adoptedRangeOf, isAdopted } from './adopted.ts';
import type { LiveBatch } from './batch.ts';
import type { RunSnapshot } from './snapshot.ts';

/** The batch to adopt next; null: all are. Nothing is planned before. O(adopted). */
export const nextAdopted = ({
  config,
  batchCount,
}: Pick<RunSnapshot, 'config' | 'batchCount'>): AdoptedRange | null =>
  adoptedRangeOf(config, batchCount + 1);

/** All of its lines are items by now, or no more will come. */
export const isWholeToAdopt = (
  { ingest }: Pick<RunSnapshot, 'ingest'>,
  { firstIndex, batch }: AdoptedRange,
): boolean => ingest.isComplete || ingest.itemCount >= firstIndex + batch.requests;

/** Batches that were created elsewhere and are not over. O(live batches). */
export const adoptedInProgress = ({
  config,
  live,
}: Pick<RunSnapshot, 'config' | 'live'>): readonly LiveBatch[] =>
  live.filter(
    ({ batchNo, phase, cancelAsked }) =>
      phase === 'created' && !cancelAsked && isAdopted(config, batchNo),
  );
