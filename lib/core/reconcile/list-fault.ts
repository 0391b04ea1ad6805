import type { CommandOf } from '../model/command.ts';
import { duplicateEffectKey, duplicatesKey, reconcileKey, unfencedKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { answeredFaultsMax, isLastAnswer } from '../faults/fault-events.ts';
import { holdBatch, wayOfUnconfirmed } from '../control/hold.ts';
import { targetOf } from '../values/ids.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { unfencedLeft } from './unfenced.ts';
import { isStillSettled, duplicateGivenUp } from './duplicates.ts';

/** Sends again the creates that an operator confirmed as never created: that needs no list. */
const replannedAsConfirmed = (
  snapshot: RunSnapshot,
  message: string,
  atMs: number,
): readonly Event[] =>
  snapshot.live.flatMap(({ batchKey, doubt }): readonly Event[] =>
    doubt?.isSworn === true && doubt.stage === 'fenced'
      ? [
          {
            type: 'BatchReplanned',
            atMs,
            batchKey,
            message: `batch ${batchKey} was never created, as an operator has confirmed, and is sent again: ${message}`,
            reason: 'released',
          },
        ]
      : [],
  );

/**
 * A list that cannot be read holds the creates that it was to confirm: without it nothing more
 * becomes known of them.
 */
export const unreadList = (
  snapshot: RunSnapshot,
  message: string,
  atMs: number,
): readonly Event[] => {
  if (!isLastAnswer(snapshot, reconcileKey, atMs)) return [];
  const unconfirmed = snapshot.live.filter(
    ({ phase, held, doubt }) =>
      phase === 'indeterminate' && held === null && doubt?.stage !== 'absent',
  );
  return unconfirmed.flatMap(({ batchKey }) => {
    const why = `no answer came to the create of batch ${batchKey}, and the provider's list of batches cannot be read: ${message}. ${wayOfUnconfirmed(snapshot, batchKey)}`;
    return holdBatch(snapshot, batchKey, 'batch_unresolved', why, atMs);
  });
};

/**
 * Duplicate batches that the provider will not show are given up, their cost unknown: no row waits
 * for them.
 */
const duplicatesGivenUp = (snapshot: RunSnapshot, atMs: number): readonly Event[] =>
  !isLastAnswer(snapshot, duplicatesKey, atMs)
    ? []
    : snapshot.strays.flatMap((duplicate): readonly Event[] =>
        !duplicate.isCancelAsked || duplicate.isEnded || isStillSettled(snapshot, duplicate)
          ? []
          : [duplicateGivenUp(snapshot, duplicate, atMs)],
      );

/**
 * How often batchor requests the cancel of a batch that was given up, at most: its run waits for
 * the answer.
 */
const givenUpCancelsMax = 8;

/** A duplicate batch that cannot be cancelled blocks nothing: batchor polls it until it ends. */
const duplicateLeftAlone = (
  snapshot: RunSnapshot,
  { key, fault, atMs }: CommandOf<'RecordFault'>,
): readonly Event[] => {
  const record = snapshot.faults.find((known) => known.key === key);
  const duplicate = snapshot.strays.find(
    ({ providerBatchId, isCancelAsked }) =>
      !isCancelAsked && duplicateEffectKey(providerBatchId) === key,
  );
  if (duplicate === undefined) return [];
  const isRefused = fault === 'refused' && (record?.answeredCount ?? 0) + 1 >= answeredFaultsMax;
  const isEnough = duplicate.givenUp !== null && (record?.count ?? 0) + 1 >= givenUpCancelsMax;
  return isRefused || isEnough
    ? [{ type: 'StrayCancelAsked', atMs, providerBatchId: duplicate.providerBatchId }]
    : [];
};

/** What continues without the answer that was refused. */
export const pastRefusal = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFault'>,
): readonly Event[] => {
  const { key, message, atMs } = command;
  if (targetOf(key).type === 'stray') return duplicateLeftAlone(snapshot, command);
  if (key === unfencedKey) return unfencedLeft(snapshot, command);
  if (command.fault !== 'refused') return [];
  if (key === reconcileKey) return replannedAsConfirmed(snapshot, message, atMs);
  return key === duplicatesKey ? duplicatesGivenUp(snapshot, atMs) : [];
};
