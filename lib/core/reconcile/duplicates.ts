import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch, DuplicateBatch } from '../model/batch.ts';
import type { BatchObservation, CommandOf, SweptBatch } from '../model/command.ts';
import { duplicateEffectKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import type { ProviderBatchId } from '../values/ids.ts';
import { presumedOfGivenUp, presumedOfDuplicate } from '../money/money.ts';
import { expiryGraceMs, expiryOf, nowOf } from '../poll/overdue.ts';
import { askedPollWaitMs, isPollDue } from '../poll/due-poll.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isCancelStuck } from '../poll/cancel-retries.ts';
import { isAnothersId } from '../model/settled-batches.ts';

type Decision = Either<Rejection, readonly Event[]>;

/**
 * How often batchor polls a duplicate batch that the provider does not show. Then it gives it up,
 * its cost unknown.
 */
const missingPollsMax = 20;

/**
 * Batches that this batch's creates made and that are not the one kept: a POST that was doubled on
 * its way, an earlier attempt that came through in spite of its fence. A batch that failed
 * validation cost nothing, and does not count.
 */
export const duplicatesOf = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  found: readonly SweptBatch[],
  kept: SweptBatch | null,
  atMs: number,
): readonly Event[] => {
  const known = new Set<ProviderBatchId>(
    snapshot.strays.map((duplicate) => duplicate.providerBatchId),
  );
  return found.flatMap((listed): readonly Event[] => {
    const { providerBatchId, providerStatus, ending } = listed;
    if (isAnothersId(snapshot, batch.batchKey, providerBatchId)) return [];
    const isOurs =
      listed.batchKey === batch.batchKey ||
      (listed.inputFileId !== null && listed.inputFileId === batch.inputFileId);
    if (
      !isOurs ||
      providerBatchId === kept?.providerBatchId ||
      ending === 'rejected' ||
      known.has(providerBatchId)
    )
      return [];
    known.add(providerBatchId);
    return [
      {
        type: 'StrayFound',
        atMs,
        batchKey: batch.batchKey,
        providerBatchId,
        providerStatus,
        isAlive: ending === null,
        isGivenUp: false,
        isLate: false,
      },
    ];
  });
};

const findDuplicate = (snapshot: RunSnapshot, id: ProviderBatchId): DuplicateBatch | undefined =>
  snapshot.strays.find((duplicate) => duplicate.providerBatchId === id);

export const decideDuplicateCancelled = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordStrayCancelled'>,
): Decision => {
  const duplicate = findDuplicate(snapshot, command.providerBatchId);
  if (duplicate === undefined || duplicate.isCancelAsked || duplicate.isEnded)
    return left({ type: 'nothing_to_change' });
  return right([
    { type: 'StrayCancelAsked', atMs: command.atMs, providerBatchId: duplicate.providerBatchId },
  ]);
};

/** How often batchor polls a duplicate batch that is in progress before it may give it up. */
const pollsMin = 10;

/** A duplicate whose batch still settles: the number of answers read from it is not known yet. */
export const isStillSettled = (
  snapshot: RunSnapshot,
  { givenUp, providerBatchId }: DuplicateBatch,
): boolean =>
  givenUp !== null && snapshot.live.some((batch) => batch.providerBatchId === providerBatchId);

/**
 * Once it was asked to cancel, or that was tried often enough, the run does not wait for its end:
 * the worst is presumed of it.
 */
export const isUnwaited = (
  snapshot: RunSnapshot,
  { givenUp, isCancelAsked, isEnded, providerBatchId }: DuplicateBatch,
): boolean =>
  isEnded ||
  (givenUp !== null &&
    (isCancelAsked || isCancelStuck(snapshot, duplicateEffectKey(providerBatchId))));

/** It does not come to an end, or does not show any more. */
const isHopeless = (
  snapshot: RunSnapshot,
  duplicate: DuplicateBatch,
  seen: BatchObservation | undefined,
  atMs: number,
): boolean => {
  if (seen === undefined) return duplicate.looks + 1 >= missingPollsMax;
  if (duplicate.polls + 1 < pollsMin) return false;
  const expiryMs = expiryOf(snapshot, seen, duplicate.foundAtMs);
  return (
    duplicate.givenUp !== null ||
    (expiryMs !== null && nowOf(seen, atMs) - expiryMs >= expiryGraceMs)
  );
};

const endOf = (
  snapshot: RunSnapshot,
  duplicate: DuplicateBatch,
  answered: number | null,
  atMs: number,
): Event => {
  const { providerBatchId, givenUp } = duplicate;
  if (givenUp === null)
    return {
      type: 'StrayEnded',
      atMs,
      providerBatchId,
      answered,
      presumed: presumedOfDuplicate(snapshot, duplicate, answered),
    };
  // Answers that were read before are billed, and usable.
  const unread = answered === null ? null : Math.max(0, answered - givenUp.readRows);
  return {
    type: 'StrayEnded',
    atMs,
    providerBatchId,
    answered: unread,
    presumed: presumedOfGivenUp(givenUp.presumed, unread),
  };
};

/** The end, with a presumed cost, of a duplicate batch that batchor no longer waits for. */
export const duplicateGivenUp = (
  snapshot: RunSnapshot,
  duplicate: DuplicateBatch,
  atMs: number,
): Event => endOf(snapshot, duplicate, null, atMs);

/** Polls duplicate batches until they end, to count what they cost. */
export const decideDuplicates = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordStrays'>,
): Decision => {
  const { atMs, observations } = command;
  const events = command.asked.flatMap((id): readonly Event[] => {
    const duplicate = findDuplicate(snapshot, id);
    if (
      duplicate === undefined ||
      duplicate.isEnded ||
      isStillSettled(snapshot, duplicate) ||
      !isPollDue(snapshot, duplicate, atMs)
    )
      return [];
    const seen = observations.find(({ providerBatchId }) => providerBatchId === id);
    if (seen !== undefined && seen.ending !== null) {
      const answered = seen.ending.type === 'rejected' ? 0 : (seen.progress?.completed ?? null);
      return [endOf(snapshot, duplicate, answered, atMs)];
    }
    if (isHopeless(snapshot, duplicate, seen, atMs))
      return [duplicateGivenUp(snapshot, duplicate, atMs)];
    const dueAtMs =
      atMs +
      askedPollWaitMs(
        snapshot.config.operation.pollIntervalMs,
        duplicate.looks,
        id,
        seen?.retryAfterMs,
      );
    return [
      { type: 'StrayObserved', atMs, providerBatchId: id, dueAtMs, isSeen: seen !== undefined },
    ];
  });
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
