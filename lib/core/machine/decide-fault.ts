import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { BatchPhase } from '../model/batch.ts';
import { decideCancelFault } from '../poll/cancel-fault.ts';
import type { CommandOf } from '../model/command.ts';
import { cancelEffectKey, litterEffectKey, sweepKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { faultEvents, pauseForFault } from '../faults/fault-events.ts';
import type { BatchKey } from '../values/ids.ts';
import { pastRefusal, unreadList } from '../reconcile/list-fault.ts';
import { leaveLitter, litterIsHopeless } from '../artifacts/litter.ts';
import type { Rejection } from '../model/rejection.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';

/** What it means for the run that one batch gets no further. */
const pauseReasonOf = (phase: BatchPhase | undefined): { readonly pauseReason?: ControlReason } => {
  if (phase === 'indeterminate') return { pauseReason: 'batch_unresolved' };
  return phase === 'ended' ? { pauseReason: 'results_unavailable' } : {};
};

/** What the world answered instead of an outcome. */
export const decideFault = (snapshot: RunSnapshot, command: CommandOf<'RecordFault'>): Either<Rejection, readonly Event[]> => {
  const { key, fault, message, retryAfterMs, atMs } = command;
  const named = /^(?:batch|cancel):(.*)$/su.exec(key)?.[1];
  const batchKey = named === undefined ? undefined : (named as BatchKey);
  const batch = batchKey === undefined ? undefined : snapshot.live.find((live) => live.batchKey === batchKey);
  if (batchKey !== undefined && batch === undefined) return left({ type: 'unknown_batch', batchKey });
  // Nobody's rows wait for a file to be deleted: it is tried a few times, then left to expire.
  if (key.startsWith('litter:')) {
    const [fileId] = snapshot.litter;
    // Told again, once that file was given up: the next one in line has not failed.
    if (fileId === undefined || key !== litterEffectKey(fileId)) return left({ type: 'nothing_to_change' });
    return litterIsHopeless(snapshot, atMs)
      ? right(leaveLitter(snapshot, atMs))
      : right(faultEvents(snapshot, { key, message, isAnswer: false, retryAfterMs, atMs }));
  }
  // Of what is done to a created batch alone, only the cancel can fail.
  if (batch !== undefined && (key === cancelEffectKey(batch.batchKey) || batch.phase === 'created'))
    return decideCancelFault(snapshot, batch, command);
  // Every answer to a create leaves `creating`; a fault that says less is not taken for one. What is unclear is looked for by sweeps, and fenced.
  if (batch?.phase === 'creating' || (batch?.phase === 'indeterminate' && batch.doubt?.stage !== 'absent'))
    return left({ type: 'wrong_phase', batchKey: batch.batchKey, phase: batch.phase });
  // Somebody has said that nothing was created: a file that cannot be deleted is in nobody's way.
  if (batch?.doubt?.isSworn === true && fault === 'refused') return right([{ type: 'CreateFenced', atMs, batchKey: batch.batchKey }]);
  const past = pastRefusal(snapshot, command);
  if (past.length > 0) return right(past);
  const held = key === sweepKey && fault === 'refused' ? unreadList(snapshot, message, atMs) : [];
  const recorded = faultEvents(snapshot, {
    key,
    message,
    isAnswer: fault === 'refused',
    retryAfterMs,
    atMs,
    ...(batchKey === undefined ? {} : { batchKey }),
    ...pauseReasonOf(batch?.phase),
  });
  const events = [...held, ...recorded, ...pauseForFault(snapshot, command)];
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
