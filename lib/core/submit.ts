import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isBatchArrow, type BatchPhase, type LiveBatch } from './batch.ts';
import type { CommandOf } from './command.ts';
import { pauseEvents } from './control.ts';
import type { Event } from './event.ts';
import { batchEffectKey, type BatchKey } from './ids.ts';
import { unclearCreatesMax } from './limits.ts';
import type { Rejection } from './rejection.ts';
import { faultEvents } from './retry-fault.ts';
import type { ControlReason, RunSnapshot } from './snapshot.ts';

type Decision = Either<Rejection, readonly Event[]>;

export const findBatch = (snapshot: RunSnapshot, batchKey: BatchKey): LiveBatch | undefined =>
  snapshot.live.find((batch) => batch.batchKey === batchKey);

/** The batch, or why the answer comes too late: it is gone, or its phase has no arrow to where the answer leads. */
export const batchFor = (snapshot: RunSnapshot, batchKey: BatchKey, to: BatchPhase): Either<Rejection, LiveBatch> => {
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  return isBatchArrow(batch.phase, to) ? right(batch) : left({ type: 'wrong_phase', batchKey, phase: batch.phase });
};

export const decideUpload = (snapshot: RunSnapshot, command: CommandOf<'RecordUpload'>): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'uploaded');
  if (batch._tag === 'Left') return batch;
  if (batch.right.phase !== 'planned') return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.right.phase });
  return right([{ type: 'BatchUploaded', atMs: command.atMs, batchKey: command.batchKey, inputFileId: command.inputFileId }]);
};

/** Admission: may this create be sent now? */
export const mayCreate = (snapshot: RunSnapshot): boolean =>
  snapshot.control.state === 'running' && snapshot.live.filter((batch) => batch.phase === 'indeterminate').length < unclearCreatesMax;

export const decideBeginCreate = (snapshot: RunSnapshot, command: CommandOf<'BeginCreate'>): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'creating');
  if (batch._tag === 'Left') return batch;
  if (batch.right.held !== null || !mayCreate(snapshot)) return left({ type: 'not_while', control: snapshot.control.state });
  return right([{ type: 'CreateBegun', atMs: command.atMs, batchKey: command.batchKey, createAttempt: batch.right.createAttempt + 1 }]);
};

/** `created` is taken only from `creating` or `indeterminate`, and only for the attempt that is out. */
const createdEvent = (
  batch: LiveBatch,
  command: { readonly atMs: number; readonly providerBatchId: LiveBatch['providerBatchId'] & string; readonly providerStatus: string },
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
  // The first look comes at once: a refusal at validation is news that the next plan needs.
  dueAtMs: command.atMs,
});

export const decideCreated = (snapshot: RunSnapshot, command: CommandOf<'RecordCreated'>): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'created');
  if (batch._tag === 'Left') return batch;
  if (batch.right.createAttempt !== command.createAttempt)
    return left({ type: 'stale_slice', expected: batch.right.createAttempt, given: command.createAttempt });
  return right([createdEvent(batch.right, command, false)]);
};

const refusalPause: Readonly<Record<string, ControlReason>> = {
  insufficient_quota: 'insufficient_quota',
  authentication_failed: 'authentication_failed',
};

export const decideCreateRefused = (snapshot: RunSnapshot, command: CommandOf<'RecordCreateRefused'>): Decision => {
  const { batchKey, refusal, atMs, createAttempt } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'creating' || batch.createAttempt !== createAttempt)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const refused: Event = { type: 'CreateRefused', atMs, batchKey, message: refusal.message };
  const isAnswer = refusal.type === 'refused';
  const faults = faultEvents(snapshot, {
    key: batchEffectKey(batchKey),
    message: refusal.message,
    isAnswer,
    retryAfterMs: refusal.retryAfterMs,
    atMs,
    batchKey,
  });
  const reason = refusalPause[refusal.type];
  return right([refused, ...faults, ...(reason === undefined ? [] : pauseEvents(snapshot, reason, refusal.message, atMs))]);
};

export const decideCreateUnclear = (snapshot: RunSnapshot, command: CommandOf<'RecordCreateUnclear'>): Decision => {
  const batch = findBatch(snapshot, command.batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey: command.batchKey });
  if (batch.phase !== 'creating' || batch.createAttempt !== command.createAttempt)
    return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.phase });
  return right([{ type: 'CreateUnclear', atMs: command.atMs, batchKey: command.batchKey, message: command.message }]);
};

/**
 * One list of the provider answers all unclear creates: what it holds under our key and attempt is adopted. Absence from one
 * list proves nothing, so what is not found stays unclear: it is looked for again, growing slower, and after a few looks held.
 */
export const decideSweep = (snapshot: RunSnapshot, command: CommandOf<'RecordSweep'>): Decision => {
  const events: Event[] = [];
  for (const batchKey of command.asked) {
    const batch = findBatch(snapshot, batchKey);
    if (batch === undefined || batch.phase !== 'indeterminate') continue;
    const found = command.found.find((swept) => swept.batchKey === batchKey && swept.createAttempt === batch.createAttempt);
    if (found !== undefined) events.push(createdEvent(batch, { ...found, atMs: command.atMs }, true));
    else {
      const message = `no answer came to the create of batch ${batchKey}, and the provider does not list it: whether it exists is not known`;
      events.push(
        ...faultEvents(snapshot, {
          key: batchEffectKey(batchKey),
          message,
          isAnswer: true,
          retryAfterMs: null,
          atMs: command.atMs,
          batchKey,
          pauseReason: 'batch_unresolved',
        }),
      );
    }
  }
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/** While cancelling: a batch that was never sent gives its rows back. */
export const decideDropBatch = (snapshot: RunSnapshot, command: CommandOf<'DropBatch'>): Decision => {
  const batch = batchFor(snapshot, command.batchKey, 'dropped');
  if (batch._tag === 'Left') return batch;
  if (snapshot.control.state !== 'cancel_requested') return left({ type: 'not_while', control: snapshot.control.state });
  const { batchKey, batchNo, requests, inputBytes, inputTokens } = batch.right;
  return right([{ type: 'BatchDropped', atMs: command.atMs, batchKey, batchNo, requests, inputBytes, inputTokens }]);
};
