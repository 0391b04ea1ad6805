import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import { cancelEffectKey, pollKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { faultEvents, isLastAnswer, pauseForFault } from '../faults/fault-events.ts';
import { isFaultDue } from '../faults/fault-wait.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { stuckCancelTriesMax } from './cancel-retries.ts';

/**
 * Past its expiry, or unchanged for hours, a batch is of no more use, and its run would wait for an
 * answer to the cancel for ever. The polls are answered: where nothing is, the provider cannot be
 * reached, and the cancel is asked for again.
 */
const isVainCancel = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { fault, atMs }: CommandOf<'RecordFault'>,
): boolean => {
  const record = snapshot.faults.find(({ key }) => key === cancelEffectKey(batch.batchKey));
  return (
    fault === 'transient' &&
    batch.overdue !== null &&
    record !== undefined &&
    record.count + 1 >= stuckCancelTriesMax &&
    isFaultDue(snapshot, record, atMs) &&
    !snapshot.faults.some(({ key }) => key === pollKey)
  );
};

/**
 * A cancel that the provider refuses is not asked for again: the batch is waited for to its end,
 * and what it answers is kept.
 */
export const decideCancelFault = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  const { fault, message, retryAfterMs, atMs } = command;
  const { batchKey, providerBatchId } = batch;
  if (batch.phase !== 'created' || batch.cancelAsked) return left({ type: 'nothing_to_change' });
  const key = cancelEffectKey(batchKey);
  if (fault === 'refused' && isLastAnswer(snapshot, key, atMs)) {
    const rest =
      batch.overdue === null
        ? 'the run waits for its end, and keeps its answers'
        : 'it is overdue, so the run does not wait long for its end; whether it still works at the provider is not known';
    const why = `the provider does not cancel batch ${providerBatchId}: what it answers is billed, and ${rest} (${message})`;
    return right([
      { type: 'CancelAsked', atMs, batchKey, refused: message },
      ...pauseEvents(snapshot, 'provider_refused', why, atMs),
    ]);
  }
  if (isVainCancel(snapshot, batch, command)) {
    const why = `the cancel of batch ${providerBatchId}, which is overdue, failed ${stuckCancelTriesMax} times: it is not asked for again, and what the batch answers is billed (${message})`;
    return right([
      { type: 'CancelAsked', atMs, batchKey, refused: message },
      ...pauseEvents(snapshot, 'provider_refused', why, atMs),
    ]);
  }
  const recorded = faultEvents(snapshot, {
    key,
    message,
    isAnswer: fault === 'refused',
    retryAfterMs,
    atMs,
  });
  const events = [...recorded, ...pauseForFault(snapshot, command)];
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
