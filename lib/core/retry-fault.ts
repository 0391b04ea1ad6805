import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { BatchPhase, LiveBatch } from './batch.ts';
import type { CommandOf } from './command.ts';
import { pauseEvents } from './control.ts';
import { cancelEffectKey, litterEffectKey, pollKey, strayEffectKey, straysKey, sweepKey } from './effect.ts';
import type { Event } from './event.ts';
import { faultWaitOf, isFaultDue } from './fault-wait.ts';
import type { BatchKey, EffectKey } from './ids.ts';
import type { Rejection } from './rejection.ts';
import { leaveLitter, litterIsHopeless } from './litter.ts';
import { heldUnresolved, wayOfUnconfirmed } from './send-again.ts';
import type { ControlReason, RunSnapshot } from './snapshot.ts';
import { isStillSettled, strayLost } from './stray.ts';
import { stuckCancelTriesMax } from './stuck-cancel.ts';

/** Clear answers that an effect may get before it is held: more of the same is not going to help. */
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

/** A failed effect is an event too: it moves the effect's due time (growing, jittered) and counts; at the ceiling the batch is held and the run pauses. */
export const faultEvents = (snapshot: RunSnapshot, fault: Fault): readonly Event[] => {
  const { key, message, isAnswer, atMs, batchKey } = fault;
  const known = snapshot.faults.find((record) => record.key === key);
  // Its wait is not over, so the effect was not tried again: the same fault, told twice.
  if (known !== undefined && !isFaultDue(snapshot, known, atMs)) return [];
  const count = (known?.count ?? 0) + 1;
  const answered = (known?.answeredCount ?? 0) + (isAnswer ? 1 : 0);
  const { waitMs, note } = faultWaitOf(snapshot, key, count, fault.retryAfterMs);
  const recorded: Event = { type: 'FaultRecorded', atMs, key, message: `${message}${note}`, dueAtMs: atMs + waitMs, isAnswer };
  if (answered < answeredFaultsMax) return [recorded];
  const held: readonly Event[] =
    batchKey !== undefined && mayHold(snapshot, batchKey) ? [{ type: 'BatchHeld', atMs, batchKey, message }] : [];
  return [recorded, ...held, ...pauseEvents(snapshot, fault.pauseReason ?? 'provider_refused', message, atMs)];
};

/**
 * What is at work at the provider is looked at whatever else fails; and a cancel has to end, so only what is unclear stops it, and
 * answers that cannot be had: without somebody's word it would ask for them for ever.
 */
const mayHold = (snapshot: RunSnapshot, batchKey: BatchKey): boolean => {
  const phase = snapshot.live.find((batch) => batch.batchKey === batchKey)?.phase;
  return (
    phase === 'indeterminate' ||
    phase === 'ended' ||
    (phase !== undefined && phase !== 'created' && snapshot.control.state !== 'cancel_requested')
  );
};

const pauseReasons: Readonly<Partial<Record<CommandOf<'RecordFault'>['fault'], ControlReason>>> = {
  insufficient_quota: 'insufficient_quota',
  authentication_failed: 'authentication_failed',
  source_unreadable: 'source_unreadable',
};

/** What it means for the run that one batch gets no further. */
const pauseReasonOf = (phase: BatchPhase | undefined): { readonly pauseReason?: ControlReason } => {
  if (phase === 'indeterminate') return { pauseReason: 'batch_unresolved' };
  return phase === 'ended' ? { pauseReason: 'results_unavailable' } : {};
};

/** Nor is a list that cannot be read in the way of what somebody has said. */
const replannedBySworn = (snapshot: RunSnapshot, message: string, atMs: number): readonly Event[] =>
  snapshot.live.flatMap(({ batchKey, doubt }): readonly Event[] =>
    doubt?.isSworn === true && doubt.stage === 'fenced'
      ? [
          {
            type: 'BatchReplanned',
            atMs,
            batchKey,
            message: `batch ${batchKey} was never created, as an operator has confirmed, and is sent again: ${message}`,
            reason: 'released',
          },
        ]
      : [],
  );

/** A list that cannot be read holds the creates that it was to confirm: without it nothing more becomes known of them. */
const unreadList = (snapshot: RunSnapshot, message: string, atMs: number): readonly Event[] => {
  if (!isLastAnswer(snapshot, sweepKey, atMs)) return [];
  const unclear = snapshot.live.filter(({ phase, held, doubt }) => phase === 'indeterminate' && held === null && doubt?.stage !== 'absent');
  return unclear.flatMap(({ batchKey }) => {
    const why = `no answer came to the create of batch ${batchKey}, and the provider's list of batches cannot be read: ${message}. ${wayOfUnconfirmed(snapshot, batchKey)}`;
    return heldUnresolved(snapshot, batchKey, why, atMs);
  });
};

/** True when one more clear no reaches the ceiling; the same failure told twice is one. */
const isLastAnswer = (snapshot: RunSnapshot, key: EffectKey, atMs: number): boolean => {
  const record = snapshot.faults.find((fault) => fault.key === key);
  return record !== undefined && record.answeredCount + 1 >= answeredFaultsMax && isFaultDue(snapshot, record, atMs);
};

/**
 * Past its expiry, or unchanged for hours, a batch is of no more use, and its run would wait for an answer to the cancel for ever. The polls
 * are answered: where nothing is, the provider cannot be reached, and the cancel is asked for again.
 */
const isVainCancel = (snapshot: RunSnapshot, batch: LiveBatch, { fault, atMs }: CommandOf<'RecordFault'>): boolean => {
  const record = snapshot.faults.find(({ key }) => key === cancelEffectKey(batch.batchKey));
  return (
    fault === 'transient' &&
    batch.overdue !== null &&
    record !== undefined &&
    record.count + 1 >= stuckCancelTriesMax &&
    isFaultDue(snapshot, record, atMs) &&
    !snapshot.faults.some(({ key }) => key === pollKey)
  );
};

/** A cancel that the provider refuses is not asked for again: the batch is waited for to its end, and what it answers is kept. */
const decideCancelFault = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  command: CommandOf<'RecordFault'>,
): Either<Rejection, readonly Event[]> => {
  const { fault, message, retryAfterMs, atMs } = command;
  const { batchKey, providerBatchId } = batch;
  if (batch.phase !== 'created' || batch.cancelAsked) return left({ type: 'nothing_to_change' });
  const key = cancelEffectKey(batchKey);
  if (fault === 'refused' && isLastAnswer(snapshot, key, atMs)) {
    const why = `the provider does not cancel batch ${providerBatchId}: it runs to its end, its answers are kept, and what it answers is billed (${message})`;
    return right([{ type: 'CancelAsked', atMs, batchKey, refused: message }, ...pauseEvents(snapshot, 'provider_refused', why, atMs)]);
  }
  if (isVainCancel(snapshot, batch, command)) {
    const why = `the cancel of batch ${providerBatchId}, which is overdue, failed ${stuckCancelTriesMax} times: it is not asked for again, and what the batch answers is billed (${message})`;
    return right([{ type: 'CancelAsked', atMs, batchKey, refused: message }, ...pauseEvents(snapshot, 'provider_refused', why, atMs)]);
  }
  const recorded = faultEvents(snapshot, { key, message, isAnswer: fault === 'refused', retryAfterMs, atMs });
  const reason = pauseReasons[fault];
  const events = [...recorded, ...(reason === undefined ? [] : pauseEvents(snapshot, reason, message, atMs))];
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/** Duplicate batches that the provider will not show are given up, their cost unknown: no row waits for them. */
const straysGivenUp = (snapshot: RunSnapshot, atMs: number): readonly Event[] =>
  !isLastAnswer(snapshot, straysKey, atMs)
    ? []
    : snapshot.strays.flatMap((stray): readonly Event[] =>
        !stray.isCancelAsked || stray.isEnded || isStillSettled(snapshot, stray) ? [] : [strayLost(snapshot, stray, atMs)],
      );

/** A batch that was given up is asked to cancel so often at most, whatever comes of it: its run would wait for an answer. */
const givenUpCancelsMax = 8;

/** A stray that cannot be cancelled stops nothing: it is watched to its end. */
const strayLeftAlone = (snapshot: RunSnapshot, { key, fault, atMs }: CommandOf<'RecordFault'>): readonly Event[] => {
  const record = snapshot.faults.find((known) => known.key === key);
  const stray = snapshot.strays.find(({ providerBatchId, isCancelAsked }) => !isCancelAsked && strayEffectKey(providerBatchId) === key);
  if (stray === undefined) return [];
  const isRefused = fault === 'refused' && (record?.answeredCount ?? 0) + 1 >= answeredFaultsMax;
  const isEnough = stray.givenUp !== null && (record?.count ?? 0) + 1 >= givenUpCancelsMax;
  return isRefused || isEnough ? [{ type: 'StrayCancelAsked', atMs, providerBatchId: stray.providerBatchId }] : [];
};

/** What goes on without the answer that is refused. */
const pastRefusal = (snapshot: RunSnapshot, command: CommandOf<'RecordFault'>): readonly Event[] => {
  const { key, message, atMs } = command;
  if (key.startsWith('stray:')) return strayLeftAlone(snapshot, command);
  if (command.fault !== 'refused') return [];
  if (key === sweepKey) return replannedBySworn(snapshot, message, atMs);
  return key === straysKey ? straysGivenUp(snapshot, atMs) : [];
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
  const reason = pauseReasons[fault];
  const events = [...held, ...recorded, ...(reason === undefined ? [] : pauseEvents(snapshot, reason, message, atMs))];
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};
