import { type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import { decideExported, decidePrune, decideCompacted } from '../artifacts/artifacts.ts';
import type { Command } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { decideDuplicateCancelled, decideDuplicates } from '../reconcile/duplicates.ts';
import { isUnfencedSearchOver, isOverButForUnfenced } from '../reconcile/unfenced.ts';
import { evolve } from './evolve.ts';
import { wellFormed } from './malformed.ts';
import { decideClockJump } from '../control/clock.ts';
import { decideAdoptBatch } from '../plan/adopt.ts';
import {
  decideCancelRun,
  decideChangeOperation,
  decideCreateRun,
  decideOpenRun,
  decidePauseRun,
  decideResumeRun,
  decideReleaseRun,
} from '../control/control.ts';
import { decideInputRefused } from '../submit/input-refused.ts';
import { decideFailPending, decidePlanBatch } from '../plan/plan.ts';
import { decideCancelAsked, decideFiles, decidePoll } from '../poll/poll.ts';
import { decideResolve } from '../reconcile/resolve.ts';
import { decideFileDeleted } from '../artifacts/delete-inputs.ts';
import { decideFault } from './decide-fault.ts';
import { decideRequeue, decideSettleSlice } from '../settle/settle.ts';
import { decideSettleRest } from '../settle/settle-rest.ts';
import { decideSettleShared } from '../source/share.ts';
import { decideAcceptSlice, decideRejectRow } from '../source/source.ts';
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

/** What a command makes true, and the run after it. No events: the command changes nothing. */
export interface Transition {
  readonly events: readonly Event[];
  readonly snapshot: RunSnapshot;
}

/**
 * The one door into the core: the events of the command and the snapshot after them, or why nothing
 * becomes true. Pure; O(slice + live batches). A command that is not whole is refused as
 * `malformed_command` until the run is finished: that is a fault of the caller, and asking again
 * does not help.
 */
export const transition = (
  snapshot: RunSnapshot,
  given: Command,
): Either<Rejection, Transition> => {
  const formed = wellFormed(snapshot, given);
  if (isLeft(formed)) return isFinished(snapshot) ? left({ type: 'run_finished' }) : formed;
  const command = formed.right;
  if (command.type !== 'CreateRun' && !isCreated(snapshot)) return left({ type: 'not_created' });
  if (command.type === 'RecordExported')
    return map(folded(snapshot))(decideExported(snapshot, command));
  if (command.type === 'PruneArtifacts')
    return map(folded(snapshot))(decidePrune(snapshot, command));
  if (isFinished(snapshot)) return left({ type: 'run_finished' });
  const decided = decideByStage(snapshot, command);
  return isLeft(decided)
    ? decided
    : right(withEnd(folded(snapshot)(onePause(decided.right)), command.atMs));
};

/**
 * The events of a command, without the snapshot after them: `transition` gives both. Left: why
 * nothing becomes true. Pure; O(slice + live batches).
 */
export const decide = (
  snapshot: RunSnapshot,
  command: Command,
): Either<Rejection, readonly Event[]> =>
  map(({ events }: Transition) => events)(transition(snapshot, command));

const folded =
  (snapshot: RunSnapshot) =>
  (events: readonly Event[]): Transition => ({ events, snapshot: events.reduce(evolve, snapshot) });

/** A run that is over finishes by the command that ended it. */
const withEnd = (step: Transition, atMs: number): Transition => {
  const { events, snapshot } = step;
  if (!isOver(snapshot)) return step;
  const status = snapshot.totals.failed_permanent > 0 ? 'completed_with_failures' : 'completed';
  const finished: Event = { type: 'RunFinished', atMs, status };
  return { events: [...events, finished], snapshot: evolve(snapshot, finished) };
};

/** One answer may give several reasons to pause; the first one pauses. */
const onePause = (events: readonly Event[]): readonly Event[] => {
  const first = events.findIndex((event) => event.type === 'RunPaused');
  return first < 0
    ? events
    : events.filter((event, i) => event.type !== 'RunPaused' || i === first);
};

/** Nothing is open, nothing is live, and nothing more will come. */
const isOver = (snapshot: RunSnapshot): boolean =>
  isUnfencedSearchOver(snapshot) && isOverButForUnfenced(snapshot);

/** Commands of a run that is not finished. */
type CommandOfUnfinished = Exclude<Command, { readonly type: 'RecordExported' | 'PruneArtifacts' }>;

/** Hands the command to its stage. */
const decideByStage = (
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
