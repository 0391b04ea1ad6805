import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { fitsBesideSent, isTooLarge } from '../plan/budget.ts';
import { isBatchArrow, type BatchPhase, type LiveBatch } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { batchEffectKey, type BatchKey } from '../values/ids.ts';
import { unconfirmedCreatesMax } from '../values/limits.ts';
import { createAllowedAtMs } from '../plan/pace.ts';
import { capacityWaitMs, isProbingEnough, isResting, learnFromRefusal } from '../plan/queue.ts';
import type { Rejection } from '../model/rejection.ts';
import { faultEvents } from '../faults/fault-events.ts';
import { sentAgain } from './resend.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';
import { isAnothersId } from '../model/settled-batches.ts';

type Decision = Either<Rejection, readonly Event[]>;

export const findBatch = (snapshot: RunSnapshot, batchKey: BatchKey): LiveBatch | undefined =>
  snapshot.live.find((batch) => batch.batchKey === batchKey);

/**
 * The batch, or why the answer comes too late: it is gone, or its phase has no arrow to where the
 * answer leads.
 */
export const batchFor = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  to: BatchPhase,
): Either<Rejection, LiveBatch> => {
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  return isBatchArrow(batch.phase, to)
    ? right(batch)
    : left({ type: 'wrong_phase', batchKey, phase: batch.phase });
};

export const decideUpload = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordUpload'>,
): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'uploaded');
  if (batch._tag === 'Left') return batch;
  if (batch.right.phase !== 'planned')
    return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.right.phase });
  const { atMs, batchKey, createAttempt, inputFileId, expiresAtMs } = command;
  if (createAttempt !== batch.right.createAttempt + 1)
    return left({
      type: 'stale_slice',
      expected: batch.right.createAttempt + 1,
      given: createAttempt,
    });
  // An expiry in the past at upload is ignored: the next file would have it too.
  const isStaleAtOnce = isInputStale(
    snapshot,
    { ...batch.right, inputExpiresAtMs: expiresAtMs },
    atMs,
  );
  return right([
    {
      type: 'BatchUploaded',
      atMs,
      batchKey,
      inputFileId,
      expiresAtMs: isStaleAtOnce ? null : expiresAtMs,
    },
  ]);
};

/** Admission: may this create be sent now? */
export const mayCreate = (snapshot: RunSnapshot, batch: LiveBatch, nowMs: number): boolean =>
  snapshot.control.state === 'running' &&
  snapshot.live.filter((other) => other.phase === 'indeterminate').length < unconfirmedCreatesMax &&
  !isServiceFull(snapshot) &&
  createAllowedAtMs(snapshot, nowMs) <= nowMs &&
  !isResting(snapshot, nowMs) &&
  !isProbingEnough(snapshot, batch, nowMs) &&
  fitsBesideSent(snapshot, batch, nowMs);

/** As many batches are in progress as the service allows at once, as far as this run knows. */
const isServiceFull = ({ config, live }: RunSnapshot): boolean => {
  const { liveBatchesMax } = traitsOf(config);
  if (liveBatchesMax === null) return false;
  const phases: readonly BatchPhase[] = ['creating', 'indeterminate', 'created'];
  return live.filter(({ phase }) => phases.includes(phase)).length >= liveBatchesMax;
};

const dayMs = 86_400_000;

/**
 * From then on the input file may be gone before the provider is done with it; null: it does not
 * expire.
 */
export const inputStaleAtMs = (
  snapshot: RunSnapshot,
  { inputExpiresAtMs }: LiveBatch,
): number | null => {
  const lifeMs = snapshot.config.operation.filesExpireAfterMs ?? 30 * dayMs;
  return inputExpiresAtMs === null ? null : inputExpiresAtMs - Math.min(dayMs, lifeMs / 2);
};
export const isInputStale = (snapshot: RunSnapshot, batch: LiveBatch, nowMs: number): boolean =>
  (inputStaleAtMs(snapshot, batch) ?? Infinity) <= nowMs;

export const decideReplanBatch = (
  snapshot: RunSnapshot,
  { batchKey, atMs }: CommandOf<'ReplanBatch'>,
): Decision => {
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'uploaded' || !isInputStale(snapshot, batch, atMs))
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const message = `the input file of batch ${batchKey} is about to expire`;
  return right([{ type: 'BatchReplanned', atMs, batchKey, message, reason: 'input_expires' }]);
};

export const decideBeginCreate = (
  snapshot: RunSnapshot,
  command: CommandOf<'BeginCreate'>,
): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'creating');
  if (batch._tag === 'Left') return batch;
  if (batch.right.held !== null || !mayCreate(snapshot, batch.right, command.atMs))
    return left({ type: 'not_while', control: snapshot.control.state });
  if (isInputStale(snapshot, batch.right, command.atMs))
    return left({ type: 'not_while', control: 'expiry of the input file' });
  return right([
    {
      type: 'CreateBegun',
      atMs: command.atMs,
      batchKey: command.batchKey,
      createAttempt: batch.right.createAttempt + 1,
      newestBatchId: command.newestBatchId ?? null,
    },
  ]);
};

/** What follows once the batch is known to exist. */
export const createdEvent = (
  batch: LiveBatch,
  command: {
    readonly atMs: number;
    readonly providerBatchId: LiveBatch['providerBatchId'] & string;
    readonly providerStatus: string;
  },
  adopted: boolean,
): Event => ({
  type: 'BatchCreated',
  atMs: command.atMs,
  batchKey: batch.batchKey,
  batchNo: batch.batchNo,
  providerBatchId: command.providerBatchId,
  providerStatus: command.providerStatus,
  adopted,
  requests: batch.requests,
  // The first poll comes at once: the next plan needs to know about a refusal at validation.
  dueAtMs: command.atMs,
});

export const decideCreated = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordCreated'>,
): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'created');
  if (batch._tag === 'Left') return batch;
  // Only a batch that was created elsewhere goes this way, and no create of ours is answered with
  // it.
  if (batch.right.phase === 'planned')
    return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.right.phase });
  if (batch.right.createAttempt !== command.createAttempt)
    return left({
      type: 'stale_slice',
      expected: batch.right.createAttempt,
      given: command.createAttempt,
    });
  const { batchKey, providerBatchId, atMs } = command;
  if (!isAnothersId(snapshot, batchKey, providerBatchId))
    return right([createdEvent(batch.right, command, false)]);
  // The answer is about another batch: whether this one was created is open.
  if (batch.right.phase !== 'creating') return left({ type: 'nothing_to_change' });
  const message = `the create of batch ${batchKey} was answered with ${providerBatchId}, which is another batch of this run`;
  return right([{ type: 'CreateUnclear', atMs, batchKey, message }]);
};

const refusalPause: Readonly<Record<string, ControlReason>> = {
  insufficient_quota: 'insufficient_quota',
  authentication_failed: 'authentication_failed',
};

/**
 * So long after its upload an input file is waited for, without an end to the tries: one that is
 * not to be seen, since files appear late, and one that the provider is not done with. Azure takes
 * minutes to process a file, and refuses its create until then (openai-dotnet#312).
 */
const fileWaitsMs = { input_missing: 2 * 60_000, input_pending: 30 * 60_000 } as const;

const isFileAwaited = (
  { uploadedAtMs }: LiveBatch,
  why: keyof typeof fileWaitsMs,
  atMs: number,
): boolean => uploadedAtMs !== null && atMs - uploadedAtMs < fileWaitsMs[why];

export const decideCreateRefused = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordCreateRefused'>,
): Decision => {
  const { batchKey, refusal, atMs, createAttempt } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'creating' || batch.createAttempt !== createAttempt)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const refused: Event = { type: 'CreateRefused', atMs, batchKey, message: refusal.message };
  if (refusal.type === 'input_missing' && !isFileAwaited(batch, refusal.type, atMs))
    return right([refused, ...sentAgain(snapshot, batch, 'input_missing', atMs, refusal.message)]);
  const isAnswer =
    refusal.type === 'refused' ||
    (refusal.type === 'input_pending' && !isFileAwaited(batch, refusal.type, atMs));
  const faults = faultEvents(snapshot, {
    key: batchEffectKey(batchKey),
    message: refusal.message,
    isAnswer,
    retryAfterMs:
      refusal.type === 'over_capacity'
        ? Math.max(refusal.retryAfterMs ?? 0, capacityWaitMs(snapshot, batchKey))
        : refusal.retryAfterMs,
    atMs,
    batchKey,
  });
  const reason = refusalPause[refusal.type];
  const learned =
    refusal.type === 'over_capacity' ? learnFromRefusal(snapshot, batch, refusal, atMs) : [];
  return right([
    refused,
    ...learned,
    ...faults,
    ...(reason === undefined ? [] : pauseEvents(snapshot, reason, refusal.message, atMs)),
  ]);
};

export const decideCreateUnconfirmed = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordCreateUnclear'>,
): Decision => {
  const batch = findBatch(snapshot, command.batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey: command.batchKey });
  if (batch.phase !== 'creating' || batch.createAttempt !== command.createAttempt)
    return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.phase });
  return right([
    {
      type: 'CreateUnclear',
      atMs: command.atMs,
      batchKey: command.batchKey,
      message: command.message,
    },
  ]);
};

/** A batch that was never sent gives its rows back: while cancelling, or to be cut smaller. */
export const decideDropBatch = (
  snapshot: RunSnapshot,
  command: CommandOf<'DropBatch'>,
): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'dropped');
  if (batch._tag === 'Left') return batch;
  const isCut =
    snapshot.control.state === 'running' && isTooLarge(snapshot, batch.right, command.atMs);
  if (snapshot.control.state !== 'cancel_requested' && !isCut)
    return left({ type: 'not_while', control: snapshot.control.state });
  const { batchKey, batchNo, requests, inputBytes, inputTokens } = batch.right;
  return right([
    {
      type: 'BatchDropped',
      atMs: command.atMs,
      batchKey,
      batchNo,
      requests,
      inputBytes,
      inputTokens,
    },
  ]);
};
