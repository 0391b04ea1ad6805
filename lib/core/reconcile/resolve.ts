import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { LiveBatch } from '../model/batch.ts';
import type { BatchObservation, CommandOf, SweptBatch } from '../model/command.ts';
import { pollKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { answersKey, batchEffectKey } from '../values/ids.ts';
import { filesStored } from '../poll/files-stored.ts';
import { filesToTake, givenUp, givenUpUnread } from '../poll/give-up.ts';
import { observed } from '../poll/poll.ts';
import type { Rejection } from '../model/rejection.ts';
import { uploadedAnew } from '../control/release.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { createdEvent, findBatch } from '../submit/submit.ts';
import { isFenceable } from './candidates.ts';
import { isAnothersId } from '../model/settled-batches.ts';

/**
 * An operator's command for a batch that batchor cannot resolve. `exists` is accepted only for a
 * batch that can be this one: the answers of another would land on the wrong rows. A run that
 * waited only for such commands resumes with the last one.
 */
export const decideResolve = (
  snapshot: RunSnapshot,
  command: CommandOf<'ResolveBatch'>,
): Either<Rejection, readonly Event[]> => {
  const { batchKey, resolution, atMs } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  const released: readonly Event[] =
    batch.held === null ? [] : [{ type: 'BatchReleased', atMs, batchKey }];
  const resumes = resumed(snapshot, batch, atMs);
  if (resolution.type === 'retry') {
    return released.length === 0
      ? left({ type: 'nothing_to_change' })
      : right([...released, ...uploadedAnew([batch], atMs), ...resumes]);
  }
  if (resolution.type === 'results_lost') {
    // A batch without an error would be billed twice, and the operator has most likely named the
    // wrong key.
    if (!isFailing(snapshot, batch)) return left({ type: 'nothing_to_change' });
    // One that is there, and only takes long, is cancelled as well.
    const isThere = batch.phase === 'created' && batch.held === null && batch.overdue !== null;
    const lost = isThere ? givenUpUnread(snapshot, batch, atMs) : resultsLost(batch, atMs);
    return lost === null
      ? left({ type: 'wrong_phase', batchKey, phase: batch.phase })
      : right([...released, ...lost, ...resumes]);
  }
  if (resolution.type === 'read_again') return readAgain(snapshot, batch, atMs);
  if (resolution.type === 'give_up') {
    const ended =
      batch.phase === 'created' ? givenUpUnread(snapshot, batch, atMs) : resultsLost(batch, atMs);
    return ended === null
      ? left({ type: 'wrong_phase', batchKey, phase: batch.phase })
      : right([...released, ...ended, ...resumes]);
  }
  if (resolution.type === 'take_files') {
    const taken = filesTaken(snapshot, batch, resolution.found, atMs);
    return taken._tag === 'Left' ? taken : right([...released, ...taken.right, ...resumes]);
  }
  if (batch.phase !== 'indeterminate')
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  if (resolution.type === 'never_created')
    return right([...released, neverCreated(snapshot, batch, atMs), ...resumes]);
  const fault = faultOfClaim(snapshot, batch, resolution.found);
  if (fault !== null) return left({ type: 'malformed_command', message: fault });
  return right([...released, createdEvent(batch, { ...resolution.found, atMs }, true), ...resumes]);
};

/**
 * The files that it names are settled as those of a batch that has ended; one that has ended
 * meanwhile is read in the usual way.
 */
const filesTaken = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  found: BatchObservation,
  atMs: number,
): Either<Rejection, readonly Event[]> => {
  const { batchKey, phase } = batch;
  if (phase !== 'created') return left({ type: 'wrong_phase', batchKey, phase });
  if (found.ending !== null && found.providerBatchId === batch.providerBatchId)
    return right(observed(snapshot, batch, found, atMs));
  const named = filesToTake(batch, found);
  if (named._tag === 'Left') return named;
  const { providerStatus, progress } = found;
  return right(
    givenUp(
      snapshot,
      batch,
      { providerStatus, progress, named: named.right, by: 'operator' },
      atMs,
    ),
  );
};

/** The fence comes first, where there is one. */
const neverCreated = (snapshot: RunSnapshot, batch: LiveBatch, atMs: number): Event => {
  const { batchKey } = batch;
  if (isFenceable(snapshot, batch)) return { type: 'CreateAbsent', atMs, batchKey, isSworn: true };
  const message = `batch ${batchKey} was never created, as an operator has confirmed, and is sent again`;
  return { type: 'BatchReplanned', atMs, batchKey, message, reason: 'released' };
};

/** It is held or overdue, or the last request for it, or for all batches, failed. */
const isFailing = (snapshot: RunSnapshot, { held, overdue, batchKey }: LiveBatch): boolean =>
  held !== null ||
  overdue !== null ||
  snapshot.faults.some(
    ({ key }) =>
      key === pollKey || key === batchEffectKey(batchKey) || key === answersKey(batchKey),
  );

/**
 * Checks and reads its files as if for the first time. Rows that are settled from accepted files do
 * not change.
 */
const readAgain = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  atMs: number,
): Either<Rejection, readonly Event[]> => {
  const { batchKey, phase, files } = batch;
  if ((phase !== 'ended' && phase !== 'created') || files !== null)
    return left({ type: 'wrong_phase', batchKey, phase });
  if (!isFailing(snapshot, batch)) return left({ type: 'nothing_to_change' });
  return right([{ type: 'BatchReleased', atMs, batchKey }, ...resumed(snapshot, batch, atMs)]);
};

/**
 * A batch that is gone, or whose files are, ends without files: its rows are missing, and sent
 * again. Answers in unreadable copies are settled first.
 */
const resultsLost = (batch: LiveBatch, atMs: number): readonly Event[] | null => {
  const { batchKey, progress } = batch;
  if (batch.phase === 'ended') {
    const copies = batch.unreadable ?? { output: null, error: null };
    return batch.files === null ? [filesStored(batchKey, copies, atMs, true)] : null;
  }
  if (batch.phase !== 'created') return null;
  const ending = {
    type: 'completed',
    outputFileId: null,
    errorFileId: null,
    rejection: null,
  } as const;
  return [
    { type: 'BatchEnded', atMs, batchKey, providerStatus: 'lost', progress, ending, times: null },
    filesStored(batchKey, { output: null, error: null }, atMs, true),
  ];
};

/**
 * Why the batch found cannot be the one meant; null when it can. A provider without metadata proves
 * nothing, so the operator decides.
 */
const faultOfClaim = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  found: SweptBatch,
): string | null => {
  const { providerBatchId } = found;
  const taken = [...snapshot.live, ...snapshot.strays].find(
    (other) => other.providerBatchId === providerBatchId,
  );
  if (taken !== undefined)
    return `batch ${providerBatchId} is known to this run already, as one of ${taken.batchKey}`;
  if (found.batchKey !== null && found.batchKey !== batch.batchKey)
    return `batch ${providerBatchId} carries the key ${found.batchKey}, and not ${batch.batchKey}`;
  if (
    found.batchKey === null &&
    found.inputFileId !== null &&
    found.inputFileId !== batch.inputFileId
  )
    return `batch ${providerBatchId} was made from the input file ${found.inputFileId}, and not from ${String(batch.inputFileId)}`;
  if (isAnothersId(snapshot, batch.batchKey, providerBatchId))
    return `batch ${providerBatchId} is another batch of this run, and settled`;
  return null;
};

const resumed = (snapshot: RunSnapshot, batch: LiveBatch, atMs: number): readonly Event[] => {
  const { state, reason } = snapshot.control;
  const isWaiting =
    state === 'paused' &&
    ['batch_unresolved', 'provider_refused', 'results_unavailable', 'results_unreadable'].includes(
      reason ?? '',
    );
  const isLast = snapshot.live.every(
    (other) => other.held === null || other.batchKey === batch.batchKey,
  );
  return isWaiting && isLast ? [{ type: 'RunResumed', atMs }] : [];
};
