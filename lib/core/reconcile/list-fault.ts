import type { CommandOf } from '../model/command.ts';
import { strayEffectKey, straysKey, sweepKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { answeredFaultsMax, isLastAnswer } from '../faults/fault-events.ts';
import { heldUnresolved, wayOfUnconfirmed } from '../submit/send-again.ts';
import { targetOf } from '../values/ids.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isStillSettled, strayLost } from './stray.ts';

/** Nor is a list that cannot be read in the way of what somebody has said. */
const replannedBySworn = (snapshot: RunSnapshot, message: string, atMs: number): readonly Event[] =>
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

/** A list that cannot be read holds the creates that it was to confirm: without it nothing more becomes known of them. */
export const unreadList = (snapshot: RunSnapshot, message: string, atMs: number): readonly Event[] => {
  if (!isLastAnswer(snapshot, sweepKey, atMs)) return [];
  const unclear = snapshot.live.filter(({ phase, held, doubt }) => phase === 'indeterminate' && held === null && doubt?.stage !== 'absent');
  return unclear.flatMap(({ batchKey }) => {
    const why = `no answer came to the create of batch ${batchKey}, and the provider's list of batches cannot be read: ${message}. ${wayOfUnconfirmed(snapshot, batchKey)}`;
    return heldUnresolved(snapshot, batchKey, why, atMs);
  });
};

/** Duplicate batches that the provider will not show are given up, their cost unknown: no row waits for them. */
const straysGivenUp = (snapshot: RunSnapshot, atMs: number): readonly Event[] =>
  !isLastAnswer(snapshot, straysKey, atMs)
    ? []
    : snapshot.strays.flatMap((stray): readonly Event[] =>
        !stray.isCancelAsked || stray.isEnded || isStillSettled(snapshot, stray) ? [] : [strayLost(snapshot, stray, atMs)],
      );

/** A batch that was given up is asked to cancel so often at most, whatever comes of it: its run would wait for an answer. */
const givenUpCancelsMax = 8;

/** A stray that cannot be cancelled stops nothing: it is watched to its end. */
const strayLeftAlone = (snapshot: RunSnapshot, { key, fault, atMs }: CommandOf<'RecordFault'>): readonly Event[] => {
  const record = snapshot.faults.find((known) => known.key === key);
  const stray = snapshot.strays.find(({ providerBatchId, isCancelAsked }) => !isCancelAsked && strayEffectKey(providerBatchId) === key);
  if (stray === undefined) return [];
  const isRefused = fault === 'refused' && (record?.answeredCount ?? 0) + 1 >= answeredFaultsMax;
  const isEnough = stray.givenUp !== null && (record?.count ?? 0) + 1 >= givenUpCancelsMax;
  return isRefused || isEnough ? [{ type: 'StrayCancelAsked', atMs, providerBatchId: stray.providerBatchId }] : [];
};

/** What goes on without the answer that is refused. */
export const pastRefusal = (snapshot: RunSnapshot, command: CommandOf<'RecordFault'>): readonly Event[] => {
  const { key, message, atMs } = command;
  if (targetOf(key).type === 'stray') return strayLeftAlone(snapshot, command);
  if (command.fault !== 'refused') return [];
  if (key === sweepKey) return replannedBySworn(snapshot, message, atMs);
  return key === straysKey ? straysGivenUp(snapshot, atMs) : [];
};
