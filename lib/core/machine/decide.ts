import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { decideCompacted, decideExported, decidePrune } from '../artifacts/artifacts.ts';
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
import { evolve } from './evolve.ts';
import { isTerminalItem, itemStatuses } from '../model/item.ts';
import { decideInputRefused } from '../submit/input-refused.ts';
import { decideFailPending, decidePlanBatch } from '../plan/plan.ts';
import { decideCancelAsked, decideFiles, decidePoll } from '../poll/poll.ts';
import { wellFormed } from './malformed.ts';
import type { Rejection } from '../model/rejection.ts';
import { decideResolve } from '../reconcile/resolve.ts';
import { decideFileDeleted } from '../artifacts/litter.ts';
import { decideFault } from './decide-fault.ts';
import { decideRequeue, decideSettleRest, decideSettleSlice } from '../settle/settle.ts';
import { decideSettleShared } from '../source/share.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { decideAcceptSlice, decideRejectRow } from '../source/source.ts';
import { decideStrayCancelled, decideStrays, isUnwaited } from '../reconcile/stray.ts';
import {
  decideBeginCreate,
  decideCreated,
  decideCreateRefused,
  decideCreateUnclear,
  decideDropBatch,
  decideReplanBatch,
  decideUpload,
} from '../submit/submit.ts';
import { decideFenced, decideSweep } from '../reconcile/unclear.ts';

/**
 * What becomes true by the command, or why nothing does. Pure; O(slice + live batches). A command that is not whole is refused as
 * `malformed_command` until the run is finished: that is a fault of the caller, and asking again does not help.
 */
export const decide = (snapshot: RunSnapshot, given: Command): Either<Rejection, readonly Event[]> => {
  const formed = wellFormed(snapshot, given);
  if (isLeft(formed)) return isFinished(snapshot) ? left({ type: 'run_finished' }) : formed;
  const command = formed.right;
  if (command.type !== 'CreateRun' && !isCreated(snapshot)) return left({ type: 'not_created' });
  if (command.type === 'RecordExported') return decideExported(snapshot, command);
  if (command.type === 'PruneArtifacts') return decidePrune(snapshot, command);
  if (isFinished(snapshot)) return left({ type: 'run_finished' });
  const decided = decideUnfinished(snapshot, command);
  if (isLeft(decided)) return decided;
  const events = onePause(decided.right);
  const after = events.reduce(evolve, snapshot);
  return isOver(after)
    ? right([
        ...events,
        { type: 'RunFinished', atMs: command.atMs, status: after.totals.failed_permanent > 0 ? 'completed_with_failures' : 'completed' },
      ])
    : right(events);
};

/** One answer may give several reasons to pause; the first one pauses. */
const onePause = (events: readonly Event[]): readonly Event[] => {
  const first = events.findIndex((event) => event.type === 'RunPaused');
  return first < 0 ? events : events.filter((event, i) => event.type !== 'RunPaused' || i === first);
};

/** Nothing is open, nothing is live, and nothing more will come. */
const isOver = (snapshot: RunSnapshot): boolean =>
  (snapshot.ingest.isComplete || snapshot.control.state === 'cancel_requested') &&
  snapshot.live.length === 0 &&
  snapshot.strays.every((stray) => isUnwaited(snapshot, stray)) &&
  snapshot.litter.length === 0 &&
  snapshot.artifacts.unkept.length === 0 &&
  itemStatuses.every((status) => isTerminalItem(status) || snapshot.totals[status] === 0);

type CommandOfUnfinished = Exclude<Command, { readonly type: 'RecordExported' | 'PruneArtifacts' }>;
const decideUnfinished = (snapshot: RunSnapshot, command: CommandOfUnfinished): Either<Rejection, readonly Event[]> => {
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
      return decideCreateUnclear(snapshot, command);
    case 'RecordSweep':
      return decideSweep(snapshot, command);
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
      return decideStrayCancelled(snapshot, command);
    case 'RecordStrays':
      return decideStrays(snapshot, command);
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
