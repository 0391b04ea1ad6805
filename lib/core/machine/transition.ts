import { type Either, isLeft, left, map, right } from 'fp-ts/lib/Either.js';
import { decideExported, decidePrune } from '../artifacts/artifacts.ts';
import type { Command } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { isTerminalItem, itemStatuses } from '../model/item.ts';
import type { Rejection } from '../model/rejection.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { isUnwaited } from '../reconcile/duplicates.ts';
import { decideByStage } from './decide-by-stage.ts';
import { evolve } from './evolve.ts';
import { wellFormed } from './malformed.ts';

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
  (snapshot.ingest.isComplete || snapshot.control.state === 'cancel_requested') &&
  snapshot.live.length === 0 &&
  snapshot.strays.every((duplicate) => isUnwaited(snapshot, duplicate)) &&
  snapshot.litter.length === 0 &&
  snapshot.artifacts.unkept.length === 0 &&
  itemStatuses.every((status) => isTerminalItem(status) || snapshot.totals[status] === 0);
