import type { CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { faultWaitOf, isFaultDue } from './fault-wait.ts';
import type { BatchKey, EffectKey } from '../values/ids.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';

/**
 * Definite refusals in a row before the effect is held: more of the same is not going to help.
 */
export const answeredFaultsMax = 4;

interface Fault {
  readonly key: EffectKey;
  readonly message: string;
  /** The provider answered no. An unreachable, 429 or 5xx world only slows down. */
  readonly isAnswer: boolean;
  readonly retryAfterMs: number | null;
  readonly atMs: number;
  /** The batch that is held at the ceiling; without one only the run pauses. */
  readonly batchKey?: BatchKey;
  readonly pauseReason?: ControlReason;
}

/**
 * A failed effect is an event too: it moves the effect's due time (growing, jittered) and counts;
 * at the ceiling the batch is held and the run pauses.
 */
export const faultEvents = (snapshot: RunSnapshot, fault: Fault): readonly Event[] => {
  const { key, message, isAnswer, atMs, batchKey } = fault;
  const known = snapshot.faults.find((record) => record.key === key);
  // Its wait is not over, so the effect was not tried again: the same error was reported twice.
  if (known !== undefined && !isFaultDue(snapshot, known, atMs)) return [];
  const count = (known?.count ?? 0) + 1;
  const answered = (known?.answeredCount ?? 0) + (isAnswer ? 1 : 0);
  const { waitMs, note } = faultWaitOf(snapshot, key, count, fault.retryAfterMs);
  const recorded: Event = {
    type: 'FaultRecorded',
    atMs,
    key,
    message: `${message}${note}`,
    dueAtMs: atMs + waitMs,
    isAnswer,
  };
  if (answered < answeredFaultsMax) return [recorded];
  const held: readonly Event[] =
    batchKey !== undefined && mayHold(snapshot, batchKey)
      ? [{ type: 'BatchHeld', atMs, batchKey, message }]
      : [];
  return [
    recorded,
    ...held,
    ...pauseEvents(snapshot, fault.pauseReason ?? 'provider_refused', message, atMs),
  ];
};

/**
 * Batches at the provider are polled whatever else fails. A cancel has to end, so only an
 * unconfirmed create stops it, and answers that cannot be read: without a command of the operator
 * batchor would ask for them for ever.
 */
const mayHold = (snapshot: RunSnapshot, batchKey: BatchKey): boolean => {
  const phase = snapshot.live.find((batch) => batch.batchKey === batchKey)?.phase;
  return (
    phase === 'indeterminate' ||
    phase === 'ended' ||
    (phase !== undefined && phase !== 'created' && snapshot.control.state !== 'cancel_requested')
  );
};

/** True when one more refusal reaches the ceiling. The same refusal reported twice counts once. */
export const isLastAnswer = (snapshot: RunSnapshot, key: EffectKey, atMs: number): boolean => {
  const record = snapshot.faults.find((fault) => fault.key === key);
  return (
    record !== undefined &&
    record.answeredCount + 1 >= answeredFaultsMax &&
    isFaultDue(snapshot, record, atMs)
  );
};

/** Faults that are no matter of one effect: the run pauses for them at once. */
const reasons: Readonly<Partial<Record<CommandOf<'RecordFault'>['fault'], ControlReason>>> = {
  insufficient_quota: 'insufficient_quota',
  authentication_failed: 'authentication_failed',
  source_unreadable: 'source_unreadable',
};

export const pauseForFault = (
  snapshot: RunSnapshot,
  { fault, message, atMs }: CommandOf<'RecordFault'>,
): readonly Event[] => {
  const reason = reasons[fault];
  return reason === undefined ? [] : pauseEvents(snapshot, reason, message, atMs);
};
