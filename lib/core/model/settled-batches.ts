import type { LiveBatch, SettledBatch } from './batch.ts';
import type { RunSnapshot } from './snapshot.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';

/** How many ids of settled batches are kept. */
export const settledMax = 16;

/** True where the id is that of another batch of this run: what says so of this one is mistaken. */
export const isAnothersId = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  id: ProviderBatchId,
): boolean =>
  snapshot.live.some((other) => other.providerBatchId === id && other.batchKey !== batchKey) ||
  [...snapshot.strays, ...snapshot.settled].some(({ providerBatchId }) => providerBatchId === id);

/**
 * The settled batches, this one among them, unless it has no id, the provider has lost it as an
 * operator says, or it was given up.
 */
export const settledAfter = (
  settled: readonly SettledBatch[],
  batch: LiveBatch,
): readonly SettledBatch[] => {
  const { providerBatchId, sentAtMs, plannedAtMs, isSwornLost, ending } = batch;
  if (providerBatchId === null || isSwornLost || ending?.type === 'given_up') return settled;
  return [...settled, { providerBatchId, sentAtMs: sentAtMs ?? plannedAtMs }].slice(-settledMax);
};
