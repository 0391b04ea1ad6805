import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isLeftAsItIs } from '../model/adopted.ts';
import type { BatchEnding, LiveBatch, StoredFile } from '../model/batch.ts';
import { faultOfFiles, promisedOutputs } from './files-fault.ts';
import type { BatchObservation, CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import { holdBatch } from '../control/hold.ts';
import { limitAfterRefusal } from '../model/file-limit.ts';
import type { Event, EventOf } from '../model/event.ts';
import { filesStored } from './files-stored.ts';
import { endedByCancel, isCancelOver } from './give-up.ts';
import { answersKey, batchEffectKey, type BatchKey, type EffectKey } from '../values/ids.ts';
import { bornAtMs, nowOf, overdueEvents, overdueOf } from './overdue.ts';
import { askedPollWaitMs, isPollDue } from './due-poll.ts';
import { wholeRefusal } from '../submit/named-lines.ts';
import { learnFromAcceptance, learnFromRefusal } from '../plan/queue.ts';
import type { Rejection } from '../model/rejection.ts';
import { isFaultDue } from '../faults/fault-wait.ts';
import { faultEvents } from '../faults/fault-events.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';
import { findBatch } from '../submit/submit.ts';

/**
 * Applies each observation of a batch in `created` under the same provider id; others are stale. A
 * batch that is absent is polled again later.
 */
export const decidePoll = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordPoll'>,
): Either<Rejection, readonly Event[]> => {
  const events: Event[] = [];
  const seen = new Set<string>();
  for (const observation of command.observations) {
    const batch = findBatch(snapshot, observation.batchKey);
    if (
      batch === undefined ||
      batch.phase !== 'created' ||
      batch.providerBatchId !== observation.providerBatchId ||
      seen.has(batch.batchKey)
    )
      continue;
    seen.add(batch.batchKey);
    events.push(...observed(snapshot, batch, observation, command.atMs));
  }
  for (const batchKey of command.asked) {
    const batch = findBatch(snapshot, batchKey);
    if (batch === undefined || batch.phase !== 'created' || seen.has(batchKey)) continue;
    events.push(...notSeen(snapshot, batch, command.atMs));
  }
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/**
 * How often batchor polls a batch that the provider does not know, about a day in all. Then it is
 * held for an operator.
 */
export const absentPollsMax = 100;

const notSeen = (snapshot: RunSnapshot, batch: LiveBatch, atMs: number): readonly Event[] => {
  const { batchKey, providerBatchId } = batch;
  const message = `the provider does not (yet) know batch ${providerBatchId}`;
  const recorded = faultEvents(snapshot, {
    key: batchEffectKey(batchKey),
    message,
    isAnswer: false,
    retryAfterMs: null,
    atMs,
  });
  if (recorded.length === 0 || failuresOf(snapshot, batchEffectKey(batchKey)) + 1 < absentPollsMax)
    return recorded;
  const why = `the provider has not known batch ${providerBatchId} for long: was it deleted, does this key belong to another project?`;
  return [...recorded, ...holdBatch(snapshot, batchKey, 'batch_unresolved', why, atMs)];
};

/** What one observation of a created batch makes true. */
export const observed = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  observation: BatchObservation,
  atMs: number,
): readonly Event[] => {
  const { providerStatus, progress, ending } = observation;
  const { batchKey } = batch;
  if (ending === null) {
    const isNews =
      providerStatus !== batch.providerStatus ||
      (observation.isAccepted && !batch.isAccepted) ||
      progress?.completed !== batch.progress?.completed ||
      progress?.failed !== batch.progress?.failed;
    // No news before it is due: the same poll, reported twice.
    if (!isNews && !isPollDue(snapshot, batch, atMs)) return [];
    const overdue = overdueOf(snapshot, batch, observation, isNews, atMs);
    if (overdue !== null && isCancelOver(snapshot, batch, isNews))
      return endedByCancel(snapshot, batch, observation, atMs);
    const wait = askedPollWaitMs(
      snapshot.config.operation.pollIntervalMs,
      isNews ? 0 : batch.quietPolls + 1,
      batchKey,
      observation.retryAfterMs,
    );
    const { isAccepted, createdAtMs = null, expiresAtMs = null } = observation;
    const times = { createdAtMs, expiresAtMs };
    return [
      {
        type: 'BatchObserved',
        atMs,
        batchKey,
        providerStatus,
        progress,
        dueAtMs: atMs + wait,
        isNews,
        isAccepted,
        times,
      },
      ...overdueEvents(batch, observation, overdue, atMs),
      ...(isAccepted && !batch.isAccepted ? learnFromAcceptance(snapshot, batch, atMs) : []),
    ];
  }
  const times = endTimes(batch, observation, atMs);
  if (isShortOfFiles(snapshot, observation)) {
    const checksMax = times?.isOld === true ? oldTriesMax : fileChecksMax;
    const message = `batch ${batch.providerBatchId} ended as ${providerStatus}, and a file that its counts promise cannot be seen yet`;
    if (isWorthAnother(snapshot, batchKey, checksMax, atMs))
      return faultEvents(snapshot, {
        key: answersKey(batchKey),
        message,
        isAnswer: false,
        retryAfterMs: null,
        atMs,
      });
    if (isShortOfOutput(snapshot, batch, observation))
      return withoutOutput(snapshot, batch, observation, { checksMax, atMs });
  }
  const refined = wholeRefusal(ending, batch.requests);
  const ended: Event = {
    type: 'BatchEnded',
    atMs,
    batchKey,
    providerStatus,
    progress,
    ending: refined,
    times,
  };
  const hasFiles = ending.outputFileId !== null || ending.errorFileId !== null;
  const noFiles: readonly Event[] = hasFiles
    ? []
    : [filesStored(batchKey, { output: null, error: null }, atMs, false)];
  return [
    ended,
    ...noFiles,
    ...learnedFromEnding(snapshot, batch, refined, atMs),
    ...pauseOfEnding(snapshot, batch, refined, atMs),
  ];
};

/** Null where the provider does not say both, or says that it ended before it was created. */
const endTimes = (
  { providerTimes }: LiveBatch,
  observation: BatchObservation,
  atMs: number,
): EventOf<'BatchEnded'>['times'] => {
  const { createdAtMs, statusSinceMs = null } = observation;
  const beganAtMs = bornAtMs(createdAtMs ?? providerTimes.createdAtMs);
  if (beganAtMs === null || statusSinceMs === null || statusSinceMs < beganAtMs) return null;
  const isOld = nowOf(observation, atMs) - statusSinceMs >= oldMs;
  return { createdAtMs: beganAtMs, endedAtMs: statusSinceMs, isOld };
};

/** A batch may end before a poll shows that it was accepted. */
const learnedFromEnding = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { type, rejection }: BatchEnding,
  atMs: number,
): readonly Event[] => {
  if (rejection?.type === 'over_capacity')
    return learnFromRefusal(snapshot, batch, rejection, atMs);
  if (rejection?.type === 'too_large' && batch.requests > 1) {
    const fileLimit = limitAfterRefusal(
      snapshot.fileLimit,
      batch.inputBytes,
      rejection.statedBytesMax,
    );
    return [
      {
        type: 'FileLimitLearned',
        atMs,
        batchKey: batch.batchKey,
        fileLimit,
        message: rejection.message,
      },
    ];
  }
  return type === 'rejected' || batch.isAccepted ? [] : learnFromAcceptance(snapshot, batch, atMs);
};

/** Answers that were paid for are in no file that the batch shows, as a whole. */
const isShortOfOutput = (
  snapshot: RunSnapshot,
  { requests }: LiveBatch,
  { ending, progress }: BatchObservation,
): boolean =>
  ending !== null &&
  keepsAnswers(snapshot, ending) &&
  ending.outputFileId === null &&
  promisedOutputs({ requests, ending, progress }) > 0;

/**
 * The batch does not change, so that batchor checks its files again when the operator asks for it.
 */
const withoutOutput = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { ending, progress, providerStatus }: BatchObservation,
  { checksMax, atMs }: { readonly checksMax: number; readonly atMs: number },
): readonly Event[] => {
  const { batchKey, providerBatchId, requests } = batch;
  const answers = promisedOutputs({ requests, ending, progress });
  const message = `batch ${providerBatchId} ended as ${providerStatus}, with ${answers} answers by its counts, and shows no output file after ${checksMax} ${checksMax === 1 ? 'check' : 'checks'}. Nothing is sent again for them`;
  return holdBatch(snapshot, batchKey, 'results_unreadable', message, atMs);
};

/**
 * How often batchor checks an ended batch for its files, about an hour in all, before it counts
 * them as lost.
 */
export const fileChecksMax = 13;

/**
 * How often batchor reads files again that hold fewer answers than the batch counts, some minutes
 * in all, before it accepts them.
 */
export const shortReadsMax = 8;

/**
 * How often batchor checks and reads again where the batch had ended a day before it was seen, as
 * most adopted batches have: what is not there by then does not come late. Once more, since an
 * answer of the provider may be wrong.
 */
export const oldTriesMax = 1;
const oldMs = 24 * 3_600_000;

/**
 * Files appear late (decision 15): until then the counts alone say that there are answers, and that
 * they were paid for. A completed batch has answered every request, whatever its counts say.
 */
const isShortOfFiles = (
  snapshot: RunSnapshot,
  { ending, progress, areFilesPending }: BatchObservation,
): boolean => {
  if (ending === null || !keepsAnswers(snapshot, ending)) return false;
  if (ending.type === 'completed' && ending.outputFileId === null && ending.errorFileId === null)
    return true;
  if (areFilesPending === true) return true;
  if (progress === null) return false;
  if (progress.completed > 0 && ending.outputFileId === null) return true;
  const hasErrorFile = traitsOf(snapshot.config).answers === 'split' && areFilesPending !== false;
  return hasErrorFile && progress.failed > 0 && ending.errorFileId === null;
};

/** Of a batch that ended like this, answers that it had finished can be fetched. */
const keepsAnswers = ({ config }: RunSnapshot, { type }: BatchEnding): boolean =>
  type !== 'expired' || traitsOf(config).keepsPartialAnswers;

/** The last check is waited for like the others. The same check reported twice counts once. */
const isWorthAnother = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  triesMax: number,
  atMs: number,
): boolean => {
  const record = snapshot.faults.find(({ key }) => key === answersKey(batchKey));
  return record === undefined || record.count < triesMax || !isFaultDue(snapshot, record, atMs);
};

const failuresOf = (snapshot: RunSnapshot, key: EffectKey): number =>
  snapshot.faults.find((fault) => fault.key === key)?.count ?? 0;

const pauseOfEnding = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  ending: BatchEnding,
  atMs: number,
): readonly Event[] => {
  // How a batch ended that was created elsewhere is a result, where nothing is sent for it.
  if (isLeftAsItIs(snapshot.config, batch.batchNo)) return [];
  if (
    ending.type === 'cancelled' &&
    !batch.cancelAsked &&
    snapshot.control.state !== 'cancel_requested'
  ) {
    return pauseEvents(
      snapshot,
      'cancelled_at_provider',
      `batch ${batch.providerBatchId} was cancelled, and not by this run`,
      atMs,
    );
  }
  if (ending.rejection?.type === 'insufficient_quota')
    return pauseEvents(snapshot, 'insufficient_quota', ending.rejection.message, atMs);
  // The maximum of whole batches in a row was refused, and not for capacity: the next one would be
  // too.
  const { failedBatchesMax } = snapshot.config.operation.circuitBreaker;
  if (ending.rejection?.type === 'other' && snapshot.rejectedStreak + 1 >= failedBatchesMax) {
    return pauseEvents(
      snapshot,
      'circuit_open',
      `${snapshot.rejectedStreak + 1} batches in a row failed validation: ${ending.rejection.message}`,
      atMs,
    );
  }
  return [];
};

/** The provider has accepted the cancel request. */
export const decideCancelAsked = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordCancelAsked'>,
): Either<Rejection, readonly Event[]> => {
  const batch = findBatch(snapshot, command.batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey: command.batchKey });
  if (batch.phase !== 'created' || batch.cancelAsked)
    return left({ type: 'wrong_phase', batchKey: command.batchKey, phase: batch.phase });
  return right([
    { type: 'CancelAsked', atMs: command.atMs, batchKey: command.batchKey, refused: null },
  ]);
};

/**
 * Both raw files are in the payload store, byte for byte. They are accepted only if they hold what
 * the batch counts.
 */
export const decideFiles = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordFiles'>,
): Either<Rejection, readonly Event[]> => {
  const { batchKey, atMs, census } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'ended' || batch.files !== null)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const fault = faultOfFiles(batch, census);
  // Reported twice: the operator was asked already.
  if (fault !== null && batch.unreadable !== null) return left({ type: 'nothing_to_change' });
  const readsMax = batch.endedLongAgo ? oldTriesMax : shortReadsMax;
  if (fault !== null && isWorthAnother(snapshot, batchKey, readsMax, atMs)) {
    const message = `${fault.message}: they are read again`;
    return right(
      faultEvents(snapshot, {
        key: answersKey(batchKey),
        message,
        isAnswer: false,
        retryAfterMs: null,
        atMs,
      }),
    );
  }
  const files = { output: nonEmpty(command.output), error: nonEmpty(command.error) };
  return right(
    fault?.isWhole === true
      ? unreadable(snapshot, batch, files, fault.message, atMs)
      : [filesStored(batchKey, files, atMs, false)],
  );
};

type Files = NonNullable<LiveBatch['files']>;

const nonEmpty = (file: StoredFile | null): StoredFile | null => (file?.bytes === 0 ? null : file);

const unreadable = (
  snapshot: RunSnapshot,
  { batchKey }: LiveBatch,
  files: Files,
  why: string,
  atMs: number,
): readonly Event[] => {
  const message = `${why}. Nothing is sent again for them, and what came is kept`;
  return [
    { type: 'AnswersUnreadable', atMs, batchKey, ...files },
    ...holdBatch(snapshot, batchKey, 'results_unreadable', message, atMs),
  ];
};
