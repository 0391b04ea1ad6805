import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { adoptedInProgress } from '../model/adopting.ts';
import { clockWentBack } from './clock.ts';
import type { CommandOf } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { uploadedAnew } from './release.ts';
import type { Rejection } from '../model/rejection.ts';
import { type ControlReason, isCreated, type RunSnapshot } from '../model/snapshot.ts';

type Decision = Either<Rejection, readonly Event[]>;

/**
 * The events of an automatic pause. Nothing but the end leaves `cancel_requested`: there only the
 * reason is noted.
 */
export const pauseEvents = (
  snapshot: RunSnapshot,
  reason: ControlReason,
  message: string | null,
  atMs: number,
): readonly Event[] => {
  const { control } = snapshot;
  if (control.state === 'running') return [{ type: 'RunPaused', atMs, reason, message }];
  if (control.reason === reason && control.message === message) return [];
  return control.state === 'cancel_requested'
    ? [{ type: 'ReasonNoted', atMs, reason, message }]
    : [];
};

export const decideCreateRun = (
  snapshot: RunSnapshot,
  command: CommandOf<'CreateRun'>,
): Decision =>
  isCreated(snapshot)
    ? left({ type: 'already_created' })
    : right([
        { type: 'RunCreated', atMs: command.atMs, runId: command.runId, config: command.config },
      ]);

export const decideOpenRun = (snapshot: RunSnapshot, { atMs }: CommandOf<'OpenRun'>): Decision =>
  right([...clockWentBack(snapshot, atMs), { type: 'RunOpened', atMs }]);

export const decidePauseRun = (snapshot: RunSnapshot, command: CommandOf<'PauseRun'>): Decision =>
  snapshot.control.state === 'running'
    ? right([
        { type: 'RunPaused', atMs: command.atMs, reason: command.reason, message: command.message },
      ])
    : left({ type: 'not_while', control: snapshot.control.state });

export const decideResumeRun = (
  snapshot: RunSnapshot,
  command: CommandOf<'ResumeRun'>,
): Decision =>
  snapshot.control.state === 'paused' ||
  (snapshot.control.state === 'running' && isQuarantined(snapshot))
    ? right([
        { type: 'RunResumed', atMs: command.atMs },
        ...uploadedAnew(snapshot.live, command.atMs),
      ])
    : left({ type: 'not_while', control: snapshot.control.state });

export const decideChangeOperation = (
  _snapshot: RunSnapshot,
  command: CommandOf<'ChangeOperation'>,
): Decision =>
  right([{ type: 'OperationChanged', atMs: command.atMs, operation: command.operation }]);

export const decideCancelRun = (
  snapshot: RunSnapshot,
  { atMs, cancelsAdopted = false }: CommandOf<'CancelRun'>,
): Decision => {
  if (snapshot.control.state === 'cancel_requested')
    return left({ type: 'not_while', control: 'cancel_requested' });
  const foreign = cancelsAdopted ? [] : adoptedInProgress(snapshot);
  return foreign.length > 0
    ? left({
        type: 'adopted_in_progress',
        providerBatchIds: foreign.flatMap(({ providerBatchId }) => providerBatchId ?? []),
      })
    : right([{ type: 'CancelRequested', atMs }]);
};

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
