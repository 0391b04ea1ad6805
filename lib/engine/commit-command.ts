import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { transition } from '../core/machine/transition.ts';
import type { Command } from '../core/model/command.ts';
import type { Event } from '../core/model/event.ts';
import type { Rejection } from '../core/model/rejection.ts';
import type { RunSnapshot } from '../core/model/snapshot.ts';
import type { PortError } from '../ports/port-error.ts';
import type { OwnedRun, QuotaGuard } from '../ports/run-store.ts';

/** What one commit made true. */
export interface Committed {
  /** Empty: the command changed nothing, and nothing was written. */
  readonly events: readonly Event[];
  readonly snapshot: RunSnapshot;
  readonly fromVersion: number;
}

/**
 * The one way by which a command becomes part of a run: decided by the run's snapshot, then
 * committed. A rejection changes nothing; an error of the store leaves the run as its store has it.
 */
export const commitCommand = (
  run: OwnedRun,
  command: Command,
  guard?: QuotaGuard,
): TE.TaskEither<PortError, E.Either<Rejection, Committed>> => {
  const { snapshot } = run;
  const fromVersion = snapshot.version;
  const decided = transition(snapshot, command);
  if (E.isLeft(decided)) return TE.right(decided);
  const { events } = decided.right;
  if (events.length === 0) return TE.right(E.right({ events, snapshot, fromVersion }));
  return pipe(
    run.commit(fromVersion, events, guard),
    TE.map((committed) => E.right({ events, snapshot: committed, fromVersion })),
  );
};
