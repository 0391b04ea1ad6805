import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch, StrayBatch } from '../model/batch.ts';
import type { BatchObservation, CommandOf, SweptBatch } from '../model/command.ts';
import { strayEffectKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import type { ProviderBatchId } from '../values/ids.ts';
import { presumedOfGivenUp, presumedOfStray } from '../money/money.ts';
import { expiryGraceMs, expiryOf, nowOf } from '../poll/overdue.ts';
import { isPollDue, pollWaitMs } from '../poll/poll-wait.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isCancelStuck } from '../poll/stuck-cancel.ts';
import { isAnothersId } from '../model/witness.ts';

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
    return [
      { type: 'StrayFound', atMs, batchKey: batch.batchKey, providerBatchId, providerStatus, isAlive: ending === null, isGivenUp: false },
    ];
  });
};

const findStray = (snapshot: RunSnapshot, id: ProviderBatchId): StrayBatch | undefined =>
  snapshot.strays.find((stray) => stray.providerBatchId === id);

export const decideStrayCancelled = (snapshot: RunSnapshot, command: CommandOf<'RecordStrayCancelled'>): Decision => {
  const stray = findStray(snapshot, command.providerBatchId);
  if (stray === undefined || stray.isCancelAsked || stray.isEnded) return left({ type: 'nothing_to_change' });
  return right([{ type: 'StrayCancelAsked', atMs: command.atMs, providerBatchId: stray.providerBatchId }]);
};

/** A stray that is alive is asked about so often before it may be given up. */
const pollsMin = 10;

/** A stray whose batch still settles: what was read of it is not known yet. */
export const isStillSettled = (snapshot: RunSnapshot, { givenUp, providerBatchId }: StrayBatch): boolean =>
  givenUp !== null && snapshot.live.some((batch) => batch.providerBatchId === providerBatchId);

/** Once it was asked to cancel, or that was tried often enough, the run does not wait for its end: the worst is presumed of it. */
export const isUnwaited = (snapshot: RunSnapshot, { givenUp, isCancelAsked, isEnded, providerBatchId }: StrayBatch): boolean =>
  isEnded || (givenUp !== null && (isCancelAsked || isCancelStuck(snapshot, strayEffectKey(providerBatchId))));

/** It does not come to an end, or does not show any more. */
const isHopeless = (snapshot: RunSnapshot, stray: StrayBatch, seen: BatchObservation | undefined, atMs: number): boolean => {
  if (seen === undefined) return stray.looks + 1 >= looksMax;
  if (stray.polls + 1 < pollsMin) return false;
  const expiryMs = expiryOf(snapshot, seen, stray.foundAtMs);
  return stray.givenUp !== null || (expiryMs !== null && nowOf(seen, atMs) - expiryMs >= expiryGraceMs);
};

const endOf = (snapshot: RunSnapshot, stray: StrayBatch, answered: number | null, atMs: number): Event => {
  const { providerBatchId, givenUp } = stray;
  if (givenUp === null)
    return { type: 'StrayEnded', atMs, providerBatchId, answered, presumed: presumedOfStray(snapshot, stray, answered) };
  // What was read of it before is paid for, and is of use.
  const unread = answered === null ? null : Math.max(0, answered - givenUp.readRows);
  return { type: 'StrayEnded', atMs, providerBatchId, answered: unread, presumed: presumedOfGivenUp(givenUp.presumed, unread) };
};

/** What is presumed of a stray that is waited for no longer. */
export const strayLost = (snapshot: RunSnapshot, stray: StrayBatch, atMs: number): Event => endOf(snapshot, stray, null, atMs);

/** Watches strays to their end, to count what they cost. */
export const decideStrays = (snapshot: RunSnapshot, command: CommandOf<'RecordStrays'>): Decision => {
  const { atMs, observations } = command;
  const events = command.asked.flatMap((id): readonly Event[] => {
    const stray = findStray(snapshot, id);
    if (stray === undefined || stray.isEnded || isStillSettled(snapshot, stray) || !isPollDue(snapshot, stray, atMs)) return [];
    const seen = observations.find(({ providerBatchId }) => providerBatchId === id);
    if (seen !== undefined && seen.ending !== null) {
      const answered = seen.ending.type === 'rejected' ? 0 : (seen.progress?.completed ?? null);
      return [endOf(snapshot, stray, answered, atMs)];
    }
    if (isHopeless(snapshot, stray, seen, atMs)) return [strayLost(snapshot, stray, atMs)];
    const dueAtMs = atMs + pollWaitMs(snapshot.config.operation.pollIntervalMs, stray.looks, id);
    return [{ type: 'StrayObserved', atMs, providerBatchId: id, dueAtMs, isSeen: seen !== undefined }];
  });
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
