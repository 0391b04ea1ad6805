import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { CreateDoubt, LiveBatch } from './batch.ts';
import type { CommandOf, SweepReport, SweptBatch, UnclearCreate } from './command.ts';
import type { Event } from './event.ts';
import { batchEffectKey } from './ids.ts';
import type { Rejection } from './rejection.ts';
import { faultEvents } from './retry-fault.ts';
import { backoffMs } from './retry.ts';
import type { RunSnapshot } from './snapshot.ts';
import { straysOf } from './stray.ts';
import { createdEvent, findBatch } from './submit.ts';

type Decision = Either<Rejection, readonly Event[]>;

/** A batch whose create got no answer. */
export interface DoubtedBatch extends LiveBatch {
  readonly doubt: CreateDoubt;
  readonly inputFileId: string;
}
export const isDoubted = (batch: LiveBatch): batch is DoubtedBatch =>
  batch.phase === 'indeterminate' && batch.doubt !== null && batch.inputFileId !== null;

/** Creates that the next reading of the provider's list is to answer. */
export const isLookDue = (batch: LiveBatch, nowMs: number): batch is DoubtedBatch =>
  isDoubted(batch) && batch.held === null && batch.doubt.stage !== 'absent' && batch.doubt.dueAtMs <= nowMs;

/**
 * One reading of the provider's list answers all unclear creates. What it shows under our key and attempt, or over our input file, is
 * adopted. Its silence is proof only twice, a grace period apart, and only if this very key can read the input file (else key,
 * project or address are other ones) and the list went back behind that file. Then the file is deleted, and the list read once more.
 */
export const decideSweep = (snapshot: RunSnapshot, command: CommandOf<'RecordSweep'>): Decision => {
  const events: Event[] = [];
  for (const asked of command.asked) {
    const batch = findBatch(snapshot, asked.batchKey);
    if (batch === undefined || !isDoubted(batch) || batch.createAttempt !== asked.createAttempt) continue;
    const own = ownOf(batch, command.report.found);
    const kept = keptOf(own);
    if (kept !== undefined) events.push(createdEvent(batch, { ...kept, atMs: command.atMs }, true));
    else events.push(...silence(snapshot, batch, asked, command));
    events.push(...straysOf(snapshot, batch, command.report.found, kept ?? null, command.atMs));
  }
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/** Batches that this create made. Behind the fence a failed one is what the fence made of it. */
const ownOf = (batch: DoubtedBatch, found: readonly SweptBatch[]): readonly SweptBatch[] =>
  found.filter(
    (swept) =>
      ((swept.batchKey === batch.batchKey && swept.createAttempt === batch.createAttempt) || swept.inputFileId === batch.inputFileId) &&
      !(batch.doubt.stage === 'fenced' && swept.ending === 'rejected'),
  );

/** Of several the oldest that has not failed; the rest is cancelled. */
const keptOf = (own: readonly SweptBatch[]): SweptBatch | undefined => {
  const byAge = [...own].sort(
    (a, b) => (a.createdAtMs ?? Infinity) - (b.createdAtMs ?? Infinity) || (a.providerBatchId < b.providerBatchId ? -1 : 1),
  );
  return byAge.find(({ ending }) => ending !== 'rejected') ?? byAge[0];
};

const silence = (
  snapshot: RunSnapshot,
  batch: DoubtedBatch,
  asked: UnclearCreate,
  { report, readFromMs, atMs }: CommandOf<'RecordSweep'>,
): readonly Event[] => {
  const { doubt, batchKey } = batch;
  // Read for an earlier question, or told twice: this one is not answered.
  if (asked.stage !== doubt.stage || doubt.stage === 'absent' || readFromMs < doubt.dueAtMs) return [];
  const fault = faultOfSilence(batch, report, atMs);
  if (fault !== null) {
    const key = batchEffectKey(batchKey);
    return faultEvents(snapshot, { key, ...fault, retryAfterMs: null, atMs, batchKey, pauseReason: 'batch_unresolved' });
  }
  if (doubt.stage === 'fenced') {
    const message = `the create of batch ${batchKey} was lost, and the provider has no such batch: it is sent again`;
    return [{ type: 'BatchReplanned', atMs, batchKey, message }];
  }
  const { createGraceMs, retry } = snapshot.config.operation;
  const provenAtMs = (doubt.absentAtMs ?? atMs) + createGraceMs;
  if (doubt.absentAtMs !== null && readFromMs >= provenAtMs) return [{ type: 'CreateAbsent', atMs, batchKey, isSworn: false }];
  // Looks in between prove nothing, but find early what a lagging list shows late.
  const lookAtMs = atMs + backoffMs(retry.batchBackoff, doubt.looks + 1, batchKey);
  const dueAtMs = Math.max(atMs + 1, Math.min(provenAtMs, lookAtMs));
  return [{ type: 'CreateNotFound', atMs, batchKey, fileCreatedAtMs: fileTimeOf(batch, report), dueAtMs }];
};

const fileTimeOf = ({ doubt, inputFileId }: DoubtedBatch, { files }: SweepReport): number | null =>
  files.find((file) => file.inputFileId === inputFileId)?.createdAtMs ?? doubt.fileCreatedAtMs;

/** Why the list's silence is worth nothing; null when it is proof. */
const faultOfSilence = (
  batch: DoubtedBatch,
  report: SweepReport,
  atMs: number,
): { readonly message: string; readonly isAnswer: boolean } | null => {
  const { batchKey, doubt, inputFileId, inputExpiresAtMs } = batch;
  const isExpired = inputExpiresAtMs !== null && inputExpiresAtMs <= atMs;
  const mayBeGone = doubt.stage === 'fenced' || (isExpired && report.isRunSeen);
  if (!mayBeGone && !report.files.some((file) => file.inputFileId === inputFileId)) {
    const message = `no answer came to the create of batch ${batchKey}, and this key cannot read its input file ${inputFileId}: is it the key, the project and the address of before?`;
    return { message, isAnswer: true };
  }
  const createdAtMs = fileTimeOf(batch, report);
  const isDeepEnough = report.readBackToMs === null || doubt.isSworn || (createdAtMs !== null && report.readBackToMs < createdAtMs);
  return isDeepEnough ? null : { message: `the provider's list of batches was not read far enough back for ${batchKey}`, isAnswer: false };
};

/** The input file is gone: whoever still creates from it fails. */
export const decideFenced = (snapshot: RunSnapshot, command: CommandOf<'RecordFenced'>): Decision => {
  const { batchKey, createAttempt, atMs } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (!isDoubted(batch) || batch.doubt.stage !== 'absent' || batch.createAttempt !== createAttempt)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  return right([{ type: 'CreateFenced', atMs, batchKey }]);
};
