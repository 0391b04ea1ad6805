import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch, StrayBatch } from './batch.ts';
import type { CommandOf, SweptBatch } from './command.ts';
import type { Event } from './event.ts';
import type { ProviderBatchId } from './ids.ts';
import { presumedOfStray } from './money.ts';
import { isPollDue, pollWaitMs } from './poll-wait.ts';
import type { Rejection } from './rejection.ts';
import type { RunSnapshot } from './snapshot.ts';
import { isAnothersId } from './witness.ts';

type Decision = Either<Rejection, readonly Event[]>;

/** So often a stray is looked for that the provider does not show; then it is given up, its cost unknown. */
const looksMax = 20;

/**
 * Batches that this batch's creates made and that are not the one kept: a POST that was doubled on its way, an earlier attempt that came
 * through in spite of its fence. Those that failed validation cost nothing, and are none.
 */
export const straysOf = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  found: readonly SweptBatch[],
  kept: SweptBatch | null,
  atMs: number,
): readonly Event[] => {
  const known = new Set<ProviderBatchId>(snapshot.strays.map((stray) => stray.providerBatchId));
  return found.flatMap((swept): readonly Event[] => {
    const { providerBatchId, providerStatus, ending } = swept;
    if (isAnothersId(snapshot, batch.batchKey, providerBatchId)) return [];
    const isOurs = swept.batchKey === batch.batchKey || (swept.inputFileId !== null && swept.inputFileId === batch.inputFileId);
    if (!isOurs || providerBatchId === kept?.providerBatchId || ending === 'rejected' || known.has(providerBatchId)) return [];
    known.add(providerBatchId);
    return [{ type: 'StrayFound', atMs, batchKey: batch.batchKey, providerBatchId, providerStatus, isAlive: ending === null }];
  });
};

const findStray = (snapshot: RunSnapshot, id: ProviderBatchId): StrayBatch | undefined =>
  snapshot.strays.find((stray) => stray.providerBatchId === id);

export const decideStrayCancelled = (snapshot: RunSnapshot, command: CommandOf<'RecordStrayCancelled'>): Decision => {
  const stray = findStray(snapshot, command.providerBatchId);
  if (stray === undefined || stray.isCancelAsked || stray.isEnded) return left({ type: 'nothing_to_change' });
  return right([{ type: 'StrayCancelAsked', atMs: command.atMs, providerBatchId: stray.providerBatchId }]);
};

/** Watches strays to their end, to count what they cost. */
export const decideStrays = (snapshot: RunSnapshot, command: CommandOf<'RecordStrays'>): Decision => {
  const { atMs, observations } = command;
  const events = command.asked.flatMap((id): readonly Event[] => {
    const stray = findStray(snapshot, id);
    if (stray === undefined || stray.isEnded || !isPollDue(snapshot, stray, atMs)) return [];
    const seen = observations.find(({ providerBatchId }) => providerBatchId === id);
    if (seen !== undefined && seen.ending !== null) {
      const answered = seen.ending.type === 'rejected' ? 0 : (seen.progress?.completed ?? null);
      return [{ type: 'StrayEnded', atMs, providerBatchId: id, answered, presumed: presumedOfStray(snapshot, stray, answered) }];
    }
    if (seen === undefined && stray.looks + 1 >= looksMax)
      return [{ type: 'StrayEnded', atMs, providerBatchId: id, answered: null, presumed: presumedOfStray(snapshot, stray, null) }];
    const dueAtMs = atMs + pollWaitMs(snapshot.config.operation.pollIntervalMs, stray.looks, id);
    return [{ type: 'StrayObserved', atMs, providerBatchId: id, dueAtMs, isSeen: seen !== undefined }];
  });
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
