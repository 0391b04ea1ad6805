import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { UnconfirmedCreate, LiveBatch } from '../model/batch.ts';
import type {
  CommandOf,
  SweepReport,
  SweptBatch,
  UnconfirmedCreateQuery,
  UndecidedBatch,
} from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { batchEffectKey, type BatchKey } from '../values/ids.ts';
import type { Rejection } from '../model/rejection.ts';
import { faultEvents } from '../faults/fault-events.ts';
import { effectiveDueMs, backoffMs, backoffMsMax } from '../faults/due-time.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { duplicatesOf } from './duplicates.ts';
import { holdBatch, wayOfUnconfirmed } from '../control/hold.ts';
import { sentAgain } from '../submit/resend.ts';
import { createdEvent, findBatch } from '../submit/submit.ts';
import { traitsOf } from '../values/service-traits.ts';
import { candidatesFor, foundOf, isDecidedLater, isFenceable, namesOf } from './candidates.ts';
import { isAnothersId } from '../model/settled-batches.ts';
import { clockSkewMs, lackedBy } from './list-proof.ts';
import { unfencedFound, unfencedTwins } from './unfenced.ts';

type Decision = Either<Rejection, readonly Event[]>;

/** A batch whose create got no answer. */
export interface UnconfirmedBatch extends LiveBatch {
  readonly doubt: UnconfirmedCreate;
}
export const isUnconfirmed = (batch: LiveBatch): batch is UnconfirmedBatch =>
  batch.phase === 'indeterminate' && batch.doubt !== null;

/** Creates that the next reading of the provider's list is to answer. */
export const isReconcileDue = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  nowMs: number,
): batch is UnconfirmedBatch =>
  isUnconfirmed(batch) &&
  batch.held === null &&
  batch.doubt.stage !== 'absent' &&
  reconcileDueMs(snapshot, batch.doubt, nowMs) <= nowMs;

/**
 * When the provider's list is next read for a create, whatever the clock did since that was set.
 */
export const reconcileDueMs = (
  { config }: RunSnapshot,
  { dueAtMs }: UnconfirmedCreate,
  nowMs: number,
): number => effectiveDueMs(dueAtMs, backoffMsMax(config.operation.retry.batchBackoff), nowMs);

/**
 * One reading of the provider's list answers all unconfirmed creates. What it shows under our key
 * and attempt, or over our input file, is adopted. A list without the batch is proof only twice, a
 * grace period apart, and only if this very key can read the input file (else key, project or
 * address are other ones), the list was read back past that file's creation, and it shows the
 * batches known to exist. Then the file is deleted; what came through before shows in a list that
 * is read a grace period later, and what comes through after fails.
 */
export const decideReconcile = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordSweep'>,
): Decision => {
  const events: Event[] = [];
  for (const asked of command.asked) {
    if (asked.isUnfenced === true) {
      events.push(...unfencedFound(snapshot, asked, command));
      continue;
    }
    const batch = findBatch(snapshot, asked.batchKey);
    if (batch === undefined || !isUnconfirmed(batch) || batch.createAttempt !== asked.createAttempt)
      continue;
    const found = foundOf(snapshot, batch, command.report);
    const own = ownOf(snapshot, batch, found);
    const kept = keptOf(own);
    if (kept !== undefined)
      events.push(
        createdEvent(batch, { ...kept, atMs: command.atMs }, true),
        ...unfencedTwins(snapshot, batch, command.report, command.atMs),
      );
    else events.push(...silence(snapshot, batch, asked, command));
    events.push(...duplicatesOf(snapshot, batch, found, kept ?? null, command.atMs));
  }
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/** Batches that this create made. Behind the fence a failed one is what the fence made of it. */
const ownOf = (
  snapshot: RunSnapshot,
  batch: UnconfirmedBatch,
  found: readonly SweptBatch[],
): readonly SweptBatch[] =>
  found.filter(
    (listed) =>
      !isAnothersId(snapshot, batch.batchKey, listed.providerBatchId) &&
      ((listed.batchKey === batch.batchKey && listed.createAttempt === batch.createAttempt) ||
        (listed.inputFileId !== null && listed.inputFileId === batch.inputFileId)) &&
      !(batch.doubt.stage === 'fenced' && listed.ending === 'rejected'),
  );

/** Of several the oldest that has not failed; the rest is cancelled. */
const keptOf = (own: readonly SweptBatch[]): SweptBatch | undefined => {
  const byAge = [...own].sort(
    (a, b) =>
      (a.createdAtMs ?? Infinity) - (b.createdAtMs ?? Infinity) ||
      (a.providerBatchId < b.providerBatchId ? -1 : 1),
  );
  return byAge.find(({ ending }) => ending !== 'rejected') ?? byAge[0];
};

const silence = (
  snapshot: RunSnapshot,
  batch: UnconfirmedBatch,
  asked: UnconfirmedCreateQuery,
  command: CommandOf<'RecordSweep'>,
): readonly Event[] => {
  const { report, readFromMs, atMs } = command;
  const { doubt, batchKey } = batch;
  // The list was read for an earlier question, under another clock, or is reported twice: it does
  // not answer this one.
  if (asked.sinceMs !== undefined && asked.sinceMs !== doubt.sinceMs) return [];
  if (
    asked.stage !== doubt.stage ||
    doubt.stage === 'absent' ||
    readFromMs < reconcileDueMs(snapshot, doubt, atMs)
  )
    return [];
  if (traitsOf(snapshot.config).correlates === 'none')
    return holdBatch(
      snapshot,
      batchKey,
      'batch_unresolved',
      `${whyUnproven(batchKey, "nothing in the provider's list says whose a batch is")}. ${wayOfUnconfirmed(snapshot, batchKey)}`,
      atMs,
    );
  if (isFileUnread(batch, report, atMs)) {
    const message = `no answer came to the create of batch ${batchKey}, and this key cannot read its input file ${batch.inputFileId}: is it the key, the project and the address of before, or was the file deleted?`;
    const key = batchEffectKey(batchKey);
    return faultEvents(snapshot, {
      key,
      message,
      isAnswer: true,
      retryAfterMs: null,
      atMs,
      batchKey,
      pauseReason: 'batch_unresolved',
    });
  }
  const weakness = weaknessOf(snapshot, batch, command);
  if (weakness !== null) return unproven(snapshot, batch, `${weakness}: ${provesNothing}`, atMs);
  const { createGraceMs, retry } = snapshot.config.operation;
  // Readings in between prove nothing, but find early what a lagging list shows late.
  const checkAtMs = atMs + backoffMs(retry.batchBackoff, doubt.looks + 1, batchKey);
  const candidates = batch.doubt.isSworn ? [] : candidatesFor(snapshot, batch, report);
  const isCancelled = snapshot.control.state === 'cancel_requested';
  if (candidates.length > 0 && isCancelled && !isFenceable(snapshot, batch))
    return leftUndecided(snapshot, batch, candidates, command, checkAtMs);
  if (candidates.length > 0)
    return isDecidedLater(snapshot, batch, candidates, atMs)
      ? [undecided(batchKey, candidates, checkAtMs, atMs)]
      : unproven(snapshot, batch, unreadable(candidates), atMs, candidates);
  // Behind the fence a list that was read a grace later shows whatever came through before it.
  const provenAtMs =
    (doubt.stage === 'fenced' ? doubt.sinceMs : (doubt.absentAtMs ?? atMs)) + createGraceMs;
  const isProven = readFromMs >= provenAtMs;
  if (doubt.stage === 'fenced' && (isProven || doubt.isSworn))
    return sentAgain(snapshot, batch, 'create_lost', atMs);
  if (doubt.stage === 'looking' && doubt.absentAtMs !== null && isProven)
    return isFenceable(snapshot, batch)
      ? [{ type: 'CreateAbsent', atMs, batchKey, isSworn: false }]
      : sentAgain(snapshot, batch, 'create_lost', atMs);
  const dueAtMs = Math.max(atMs + 1, Math.min(provenAtMs, checkAtMs));
  return [
    { type: 'CreateNotFound', atMs, batchKey, fileCreatedAtMs: fileTimeOf(batch, report), dueAtMs },
  ];
};

/**
 * A cancelled run buys nothing again: a grace after the answer was lost it no longer waits for what
 * may be this batch. Its rows are released, and the candidates named.
 */
const leftUndecided = (
  snapshot: RunSnapshot,
  batch: UnconfirmedBatch,
  candidates: readonly UndecidedBatch[],
  { readFromMs, atMs }: CommandOf<'RecordSweep'>,
  checkAtMs: number,
): readonly Event[] => {
  const { batchKey, doubt } = batch;
  const safeAtMs = doubt.sinceMs + snapshot.config.operation.createGraceMs;
  const named = undecided(batchKey, candidates, Math.min(checkAtMs, safeAtMs), atMs);
  if (readFromMs < safeAtMs) return [named];
  const message = `the run is cancelled, and does not wait for the create of batch ${batchKey}, which got no answer: ${namesOf(candidates)} may be it; check at the provider`;
  return [named, { type: 'BatchReplanned', atMs, batchKey, message, reason: 'released' }];
};

const undecided = (
  batchKey: BatchKey,
  listed: readonly UndecidedBatch[],
  dueAtMs: number,
  atMs: number,
): Event => ({
  type: 'CreateUndecided',
  atMs,
  batchKey,
  candidates: listed.map(({ providerBatchId, createdAtMs, requests }) => ({
    providerBatchId,
    createdAtMs,
    requests,
  })),
  dueAtMs: Math.max(atMs + 1, dueAtMs),
});

const unreadable = (candidates: readonly UndecidedBatch[]): string =>
  `${namesOf(candidates)} may be it, and no answer could be read that says whose it is`;

const fileTimeOf = (
  { doubt, inputFileId }: UnconfirmedBatch,
  { files }: SweepReport,
): number | null =>
  files.find((file) => file.inputFileId === inputFileId)?.createdAtMs ?? doubt.fileCreatedAtMs;

/**
 * True where another key, project or address may be why the list is silent. A file that has expired
 * cannot be read by anyone. One that was deleted is another matter: that the list shows batches of
 * this run does not prove that this create was made under the same key.
 */
const isFileUnread = (
  { doubt, inputFileId, inputExpiresAtMs }: UnconfirmedBatch,
  { files, isRunSeen }: SweepReport,
  atMs: number,
): boolean => {
  if (inputFileId === null) return false;
  const isExpired = inputExpiresAtMs !== null && inputExpiresAtMs <= atMs;
  const mayBeGone = doubt.stage === 'fenced' || (isExpired && isRunSeen);
  return !mayBeGone && !files.some((file) => file.inputFileId === inputFileId);
};

/**
 * Why a list that does not show the batch proves nothing; null when it proves absence. An
 * operator's confirmation needs no list.
 */
const weaknessOf = (
  snapshot: RunSnapshot,
  batch: UnconfirmedBatch,
  command: CommandOf<'RecordSweep'>,
): string | null => {
  const { report } = command;
  if (batch.doubt.isSworn) return null;
  const isGone = !report.files.some(({ inputFileId }) => inputFileId === batch.inputFileId);
  // The creation time of a deleted file cannot be read: then our own time counts, less the clock
  // skew.
  const createdAtMs =
    fileTimeOf(batch, report) ?? (isGone ? batch.plannedAtMs - clockSkewMs + 1 : null);
  const { newestBatchId } = batch;
  const isMarkShown = newestBatchId !== null && report.shown.includes(newestBatchId);
  if (newestBatchId !== null && !isMarkShown)
    return `the provider's list of batches lacks ${newestBatchId}, which it showed before the create`;
  const isDeepEnough =
    report.readBackToMs === null ||
    isMarkShown ||
    (createdAtMs !== null && report.readBackToMs < createdAtMs);
  if (!isDeepEnough) return "the provider's list of batches was not read far enough back";
  const [lacked, ...more] = lackedBy(snapshot, batch, command);
  if (lacked === undefined) return null;
  return `the provider's list of batches lacks ${lacked}${more.length > 0 ? ` and ${more.length} more` : ''}, which this run knows to exist`;
};

/**
 * The batch is held after this many lists in a row that prove nothing, if they span enough grace
 * periods: lists lag.
 */
const unprovenListingsMax = 5;
const unprovenGracesMin = 3;

const provesNothing = 'that it shows no such batch proves nothing';
const whyUnproven = (batchKey: BatchKey, weakness: string): string =>
  `no answer came to the create of batch ${batchKey}, and ${weakness}`;

/**
 * The list is read again, after growing waits; the batch is held once waiting longer is not going
 * to help.
 */
const unproven = (
  snapshot: RunSnapshot,
  { batchKey, doubt }: UnconfirmedBatch,
  weakness: string,
  atMs: number,
  candidates: readonly UndecidedBatch[] = [],
): readonly Event[] => {
  const key = batchEffectKey(batchKey);
  const why = whyUnproven(batchKey, weakness);
  const recorded = faultEvents(snapshot, {
    key,
    message: why,
    isAnswer: false,
    retryAfterMs: null,
    atMs,
  });
  const listings = (snapshot.faults.find((fault) => fault.key === key)?.count ?? 0) + 1;
  const isEarly =
    listings < unprovenListingsMax ||
    atMs - doubt.sinceMs < unprovenGracesMin * snapshot.config.operation.createGraceMs;
  if (recorded.length === 0 || isEarly) return recorded;
  return [
    ...recorded,
    ...holdBatch(
      snapshot,
      batchKey,
      'batch_unresolved',
      `${why}. ${wayOfUnconfirmed(snapshot, batchKey, candidates)}`,
      atMs,
    ),
    ...(candidates.length > 0 ? [undecided(batchKey, candidates, atMs, atMs)] : []),
  ];
};

/** The input file is deleted: a create that is still under way fails. */
export const decideFenced = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFenced'>,
): Decision => {
  const { batchKey, createAttempt, atMs } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (
    !isUnconfirmed(batch) ||
    batch.doubt.stage !== 'absent' ||
    batch.createAttempt !== createAttempt
  )
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  return right([{ type: 'CreateFenced', atMs, batchKey }]);
};
