import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isAdopted } from '../model/adopted.ts';
import type { LiveBatch, NamedFiles } from '../model/batch.ts';
import type { BatchObservation } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { filesStored } from './files-stored.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';

/**
 * How many unchanged polls of an overdue batch in a cancelled run, after its cancel, before the run
 * no longer waits for it.
 */
export const cancelledPollsMax = 10;

const noFiles: NamedFiles = { outputFileId: null, errorFileId: null };

interface Given {
  readonly providerStatus: string;
  readonly progress: LiveBatch['progress'];
  /** Files whose answers are settled first. */
  readonly named: NamedFiles;
  readonly by: 'operator' | null;
}

/**
 * The batch ends for the run, whatever the provider makes of it. Its rows may be paid for though
 * nothing reads their answers, so the worst is presumed. Unless it was created elsewhere, it
 * becomes a duplicate batch: batchor cancels it, if it has not asked for that before, and polls it
 * to learn its cost.
 */
export const givenUp = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { providerStatus, progress, named, by }: Given,
  atMs: number,
): readonly Event[] => {
  const { batchKey, batchNo, providerBatchId, requests, settledRows, cancelAsked } = batch;
  const ending = { type: 'given_up', ...named, rejection: null } as const;
  const isBare = named.outputFileId === null && named.errorFileId === null;
  return [
    {
      type: 'BatchGivenUp',
      atMs,
      batchKey,
      providerBatchId,
      providerStatus,
      progress,
      ending,
      rows: requests - settledRows,
      by,
    },
    ...(isBare ? [filesStored(batchKey, { output: null, error: null }, atMs, true)] : []),
    ...(providerBatchId === null || isAdopted(snapshot.config, batchNo)
      ? []
      : [
          {
            type: 'StrayFound',
            atMs,
            batchKey,
            providerBatchId,
            providerStatus,
            isAlive: !cancelAsked,
            isGivenUp: true,
            isLate: false,
          } as const,
        ]),
  ];
};

/** By an operator, without a poll. */
export const givenUpUnread = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  atMs: number,
): readonly Event[] =>
  givenUp(
    snapshot,
    batch,
    {
      providerStatus: batch.providerStatus ?? 'unknown',
      progress: batch.progress,
      named: noFiles,
      by: 'operator',
    },
    atMs,
  );

/** What a batch names that is not over: left where it is another batch, or names nothing. */
export const filesToTake = (
  batch: LiveBatch,
  found: BatchObservation,
): Either<Rejection, NamedFiles> => {
  const malformed = (message: string): Either<Rejection, never> =>
    left({ type: 'malformed_command', message });
  if (found.batchKey !== batch.batchKey || found.providerBatchId !== batch.providerBatchId)
    return malformed(`batch ${found.providerBatchId} is not the one of ${batch.batchKey}`);
  const named = found.named ?? noFiles;
  if (named.outputFileId === null && named.errorFileId === null)
    return malformed(
      `batch ${found.providerBatchId} is ${found.providerStatus} and names no file: there is nothing to take. To end it without its answers: --give-up`,
    );
  return right(named);
};

/**
 * A cancelled run sends nothing again: a batch that neither ends nor changes is settled with its
 * present files.
 */
export const isCancelOver = (
  { control, config }: RunSnapshot,
  batch: LiveBatch,
  isNews: boolean,
): boolean =>
  control.state === 'cancel_requested' &&
  (batch.cancelAsked || !traitsOf(config).cancel) &&
  !isNews &&
  batch.quietPolls + 1 >= cancelledPollsMax;

/** What it names is settled; the rest fails with the run. */
export const endedByCancel = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { providerStatus, progress, named }: BatchObservation,
  atMs: number,
): readonly Event[] =>
  givenUp(snapshot, batch, { providerStatus, progress, named: named ?? noFiles, by: null }, atMs);
