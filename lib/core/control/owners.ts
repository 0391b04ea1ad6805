import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CommandOf } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** After so many owners in a row that ended over a run, workers leave it alone: it would take one process after the other. */
export const lostOwnersMax = 5;

/** Events that an owner commits without getting the run any further. */
const idleEvents: ReadonlySet<Event['type']> = new Set(['ClockJumped', 'OperationChanged', 'OthersSeen', 'FaultRecorded', 'BatchObserved']);

/** How many owners in a row were lost, after an event. */
export const lostOwnersAfter = (lostOwners: number, { type }: Event): number =>
  type === 'RunOpened' ? lostOwners + 1 : idleEvents.has(type) ? lostOwners : 0;

/** True while workers leave the run alone. Whoever drives it by name still may; `resume`, or any progress, ends it. */
export const isQuarantined = ({ lostOwners }: RunSnapshot): boolean => lostOwners >= lostOwnersMax;

/** Why a run is left alone, and what ends that. */
export const quarantineMessage = ({ runId, lostOwners }: RunSnapshot): string =>
  `the last ${lostOwners} processes that drove run ${runId} ended before they got it any further, so that workers leave it alone. ` +
  `\`batchor wait --run-id ${runId}\` drives it in a process of its own; \`batchor resume --run-id ${runId}\` gives it back to workers`;

/** Nothing to change where the run got further since it was opened. */
export const decideReleaseRun = (snapshot: RunSnapshot, { atMs }: CommandOf<'ReleaseRun'>): Either<Rejection, readonly Event[]> =>
  snapshot.lostOwners === 0 ? left({ type: 'nothing_to_change' }) : right([{ type: 'RunReleased', atMs }]);
