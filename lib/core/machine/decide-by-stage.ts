import type { Either } from 'fp-ts/lib/Either.js';
import { decideCompacted } from '../artifacts/artifacts.ts';
import { decideClockJump } from '../control/clock.ts';
import { decideAdoptBatch } from '../plan/adopt.ts';
import type { Command } from '../model/command.ts';
import { decideReleaseRun } from '../control/owners.ts';
import {
  decideCancelRun,
  decideChangeOperation,
  decideCreateRun,
  decideOpenRun,
  decidePauseRun,
  decideResumeRun,
} from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { decideInputRefused } from '../submit/input-refused.ts';
import { decideFailPending, decidePlanBatch } from '../plan/plan.ts';
import { decideCancelAsked, decideFiles, decidePoll } from '../poll/poll.ts';
import type { Rejection } from '../model/rejection.ts';
import { decideResolve } from '../reconcile/resolve.ts';
import { decideFileDeleted } from '../artifacts/delete-inputs.ts';
import { decideFault } from './decide-fault.ts';
import { decideRequeue, decideSettleSlice } from '../settle/settle.ts';
import { decideSettleRest } from '../settle/settle-rest.ts';
import { decideSettleShared } from '../source/share.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { decideAcceptSlice, decideRejectRow } from '../source/source.ts';
import { decideDuplicateCancelled, decideDuplicates } from '../reconcile/duplicates.ts';
import {
  decideBeginCreate,
  decideCreated,
  decideCreateRefused,
  decideCreateUnconfirmed,
  decideDropBatch,
  decideReplanBatch,
  decideUpload,
} from '../submit/submit.ts';
import { decideFenced, decideReconcile } from '../reconcile/unconfirmed.ts';

/** Commands of a run that is not finished. */
export type CommandOfUnfinished = Exclude<
  Command,
  { readonly type: 'RecordExported' | 'PruneArtifacts' }
>;

/** Hands the command to its stage. */
export const decideByStage = (
  snapshot: RunSnapshot,
  command: CommandOfUnfinished,
): Either<Rejection, readonly Event[]> => {
  switch (command.type) {
    case 'CreateRun':
      return decideCreateRun(snapshot, command);
    case 'OpenRun':
      return decideOpenRun(snapshot, command);
    case 'RecordClockJump':
      return decideClockJump(snapshot, command);
    case 'PauseRun':
      return decidePauseRun(snapshot, command);
    case 'ReleaseRun':
      return decideReleaseRun(snapshot, command);
    case 'ResumeRun':
      return decideResumeRun(snapshot, command);
    case 'ChangeOperation':
      return decideChangeOperation(snapshot, command);
    case 'CancelRun':
      return decideCancelRun(snapshot, command);
    case 'AcceptSlice':
      return decideAcceptSlice(snapshot, command);
    case 'RejectRow':
      return decideRejectRow(snapshot, command);
    case 'PlanBatch':
      return decidePlanBatch(snapshot, command);
    case 'AdoptBatch':
      return decideAdoptBatch(snapshot, command);
    case 'FailPending':
      return decideFailPending(snapshot, command);
    case 'RecordUpload':
      return decideUpload(snapshot, command);
    case 'BeginCreate':
      return decideBeginCreate(snapshot, command);
    case 'RecordCreated':
      return decideCreated(snapshot, command);
    case 'RecordCreateRefused':
      return decideCreateRefused(snapshot, command);
    case 'RecordInputRefused':
      return decideInputRefused(snapshot, command);
    case 'RecordCreateUnclear':
      return decideCreateUnconfirmed(snapshot, command);
    case 'RecordSweep':
      return decideReconcile(snapshot, command);
    case 'RecordFenced':
      return decideFenced(snapshot, command);
    case 'ReplanBatch':
      return decideReplanBatch(snapshot, command);
    case 'ResolveBatch':
      return decideResolve(snapshot, command);
    case 'RecordFileDeleted':
      return decideFileDeleted(snapshot, command);
    case 'RecordCompacted':
      return decideCompacted(snapshot, command);
    case 'RecordStrayCancelled':
      return decideDuplicateCancelled(snapshot, command);
    case 'RecordStrays':
      return decideDuplicates(snapshot, command);
    case 'DropBatch':
      return decideDropBatch(snapshot, command);
    case 'RecordPoll':
      return decidePoll(snapshot, command);
    case 'RecordCancelAsked':
      return decideCancelAsked(snapshot, command);
    case 'RecordFiles':
      return decideFiles(snapshot, command);
    case 'SettleSlice':
      return decideSettleSlice(snapshot, command);
    case 'SettleRest':
      return decideSettleRest(snapshot, command);
    case 'RequeueRows':
      return decideRequeue(snapshot, command);
    case 'SettleShared':
      return decideSettleShared(snapshot, command);
    case 'RecordFault':
      return decideFault(snapshot, command);
  }
};
