import type { BatchEnding, LiveBatch } from './batch.ts';
import { pauseEvents } from './control.ts';
import type { Event } from './event.ts';
import type { RunSnapshot } from './snapshot.ts';

/** The provider's queue had no room for the batch although nothing else of this run was there: it is too large, or others fill the queue. */
const hadNoRoomAlone = (snapshot: RunSnapshot, batch: LiveBatch, ending: BatchEnding): boolean =>
  ending.rejection?.type === 'over_capacity' && snapshot.live.every((other) => other === batch || other.providerBatchId === null);

/**
 * How large the next batches may be, once this one is settled: half of one that had no room alone, and a quarter more after each
 * that had some, until the limits alone count again. A batch larger than the whole queue would be refused for ever.
 */
export const learnedRequestsMax = (snapshot: RunSnapshot, batch: LiveBatch, ending: BatchEnding): number | null => {
  const known = snapshot.learnedRequestsMax;
  if (hadNoRoomAlone(snapshot, batch, ending)) return Math.max(1, Math.floor(Math.min(batch.requests, known ?? Infinity) / 2));
  if (known === null || ending.type === 'rejected') return known;
  const { limits, operation } = snapshot.config;
  const grown = known + Math.max(1, Math.floor(known / 4));
  return grown >= Math.min(limits.requestsMax, operation.chunk.requestsMax) ? null : grown;
};

/** A single request that has had no room so often, hours in all, is larger than the queue, or the queue is somebody else's. */
const refusalsMax = 30;

export const pauseOfFullQueue = (snapshot: RunSnapshot, batch: LiveBatch, ending: BatchEnding, atMs: number): readonly Event[] => {
  const count = snapshot.rejectedStreak + 1;
  if (batch.requests > 1 || count < refusalsMax || !hadNoRoomAlone(snapshot, batch, ending)) return [];
  const message = `${count} batches in a row had no room in the provider's queue, the last with a single request and nothing else of this run there: ${ending.rejection?.message ?? ''}`;
  return pauseEvents(snapshot, 'circuit_open', message, atMs);
};
