import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * After so many owners in a row ended without progress, workers skip the run: it may crash every
 * process that drives it.
 */
export const lostOwnersMax = 5;

/** Events that an owner commits without getting the run any further. */
const idleEvents: ReadonlySet<Event['type']> = new Set([
  'ClockJumped',
  'OperationChanged',
  'OthersSeen',
  'FaultRecorded',
  'BatchObserved',
]);

/** How many owners in a row were lost, after an event. */
export const lostOwnersAfter = (lostOwners: number, { type }: Event): number =>
  type === 'RunOpened' ? lostOwners + 1 : idleEvents.has(type) ? lostOwners : 0;

/**
 * True while workers skip the run. A process that names the run may still drive it; `resume`, or
 * any progress, ends it.
 */
export const isQuarantined = ({ lostOwners }: RunSnapshot): boolean => lostOwners >= lostOwnersMax;

/** Why workers skip the run, and the commands that end it. */
export const quarantineMessage = ({ runId, lostOwners }: RunSnapshot): string =>
  `the last ${lostOwners} processes that drove run ${runId} ended without progress, so workers skip it. ` +
  `\`batchor wait --run-id ${runId}\` drives it in a process of its own; \`batchor resume --run-id ${runId}\` lets workers drive it again`;

/** Nothing to change where the run got further since it was opened. */
export const decideReleaseRun = (
  snapshot: RunSnapshot,
  { atMs }: CommandOf<'ReleaseRun'>,
): Either<Rejection, readonly Event[]> =>
  snapshot.lostOwners === 0
    ? left({ type: 'nothing_to_change' })
    : right([{ type: 'RunReleased', atMs }]);
