import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { BatchPhase, LiveBatch } from '../model/batch.ts';
import { decideCancelFault } from '../poll/cancel-fault.ts';
import type { CommandOf } from '../model/command.ts';
import { deleteFileKey, reconcileKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { faultEvents, pauseForFault } from '../faults/fault-events.ts';
import { type BatchKey, targetOf } from '../values/ids.ts';
import { pastRefusal, unreadList } from '../reconcile/list-fault.ts';
import { leaveInputFile, isDeleteGivenUp } from '../artifacts/delete-inputs.ts';
import type { Rejection } from '../model/rejection.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';

/** What it means for the run that one batch gets no further. */
const pauseReasonOf = (phase: BatchPhase | undefined): { readonly pauseReason?: ControlReason } => {
  if (phase === 'indeterminate') return { pauseReason: 'batch_unresolved' };
  return phase === 'ended' ? { pauseReason: 'results_unavailable' } : {};
};

/** Records the error of an effect. */
export const decideFault = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  const target = targetOf(command.key);
  switch (target.type) {
    case 'batch':
    case 'cancel': {
      const { batchKey } = target;
      const batch = snapshot.live.find((live) => live.batchKey === batchKey);
      if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
      // Of what is done to a created batch alone, only the cancel can fail.
      return target.type === 'cancel' || batch.phase === 'created'
        ? decideCancelFault(snapshot, batch, command)
        : decideBatchFault(snapshot, batch, command);
    }
    case 'litter':
      return decideDeleteFault(snapshot, command);
    default:
      return decideRunFault(snapshot, command);
  }
};

/** What is done for a batch that is not created, or has ended. */
const decideBatchFault = (
  snapshot: RunSnapshot,
  { batchKey, phase, doubt }: LiveBatch,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  // Every answer to a create leaves `creating`; a fault that says less is not taken for one. An
  // unconfirmed create is reconciled, and fenced.
  if (phase === 'creating' || (phase === 'indeterminate' && doubt?.stage !== 'absent'))
    return left({ type: 'wrong_phase', batchKey, phase });
  // An operator has confirmed that nothing was created: a file that cannot be deleted is in
  // nothing's way.
  if (doubt?.isSworn === true && command.fault === 'refused')
    return right([{ type: 'CreateFenced', atMs: command.atMs, batchKey }]);
  return recorded(snapshot, command, [], { batchKey, ...pauseReasonOf(phase) });
};

/** What is done for the run, or for several batches at once. */
const decideRunFault = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  const past = pastRefusal(snapshot, command);
  if (past.length > 0) return right(past);
  const { key, fault, message, atMs } = command;
  return recorded(
    snapshot,
    command,
    key === reconcileKey && fault === 'refused' ? unreadList(snapshot, message, atMs) : [],
    {},
  );
};

/** No row waits for a file to be deleted: it is tried a few times, then left to expire. */
const decideDeleteFault = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  const { key, message, retryAfterMs, atMs } = command;
  const [fileId] = snapshot.litter;
  // Reported again after that file was left to expire: the next file has not failed.
  if (fileId === undefined || key !== deleteFileKey(fileId))
    return left({ type: 'nothing_to_change' });
  return isDeleteGivenUp(snapshot, atMs)
    ? right(leaveInputFile(snapshot, atMs))
    : right(faultEvents(snapshot, { key, message, isAnswer: false, retryAfterMs, atMs }));
};

const recorded = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFault'>,
  held: readonly Event[],
  of: { readonly batchKey?: BatchKey; readonly pauseReason?: ControlReason },
): Either<Rejection, readonly Event[]> => {
  const { key, fault, message, retryAfterMs, atMs } = command;
  const counted = faultEvents(snapshot, {
    key,
    message,
    isAnswer: fault === 'refused',
    retryAfterMs,
    atMs,
    ...of,
  });
  const events = [...held, ...counted, ...pauseForFault(snapshot, command)];
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
