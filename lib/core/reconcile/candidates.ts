import type { LiveBatch } from '../model/batch.ts';
import type { SweepReport, SweptBatch, UndecidedBatch } from '../model/command.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isAnothersId } from '../model/settled-batches.ts';
import { customIdsOf, stampIn } from '../values/custom-ids.ts';
import { batchWindowMs, traitsOf } from '../values/service-traits.ts';
import { expiryGraceMs } from '../poll/overdue.ts';

/**
 * Where only answers prove whose a batch is: what the list shows is proved, excluded, or a
 * candidate, by the `custom_id` of one of its results.
 */

/**
 * Whether deleting what its lines came from, or go to, makes a create fail that is still under way.
 * Where nothing does, a batch that is proved absent is sent again at once.
 */
export const isFenceable = (
  { config }: Pick<RunSnapshot, 'config'>,
  { inputFileId }: Pick<LiveBatch, 'inputFileId'>,
): boolean => traitsOf(config).fence !== 'none' && inputFileId !== null;

/** Batches that the list shows as this batch's: under its key, or by the stamp of a result. */
export const foundOf = (
  { config }: RunSnapshot,
  { batchKey, batchNo }: Pick<LiveBatch, 'batchKey' | 'batchNo'>,
  { found, undecided = [] }: SweepReport,
): readonly SweptBatch[] => {
  const proved = undecided.flatMap((listed): readonly SweptBatch[] => {
    const stamp = listed.customId === null ? null : stampIn(config, listed.customId);
    if (stamp?.batchNo !== batchNo) return [];
    const { providerBatchId, providerStatus, createdAtMs, ending } = listed;
    const { createAttempt } = stamp;
    const own = { batchKey, createAttempt, inputFileId: null };
    return [{ ...own, providerBatchId, providerStatus, createdAtMs, ending }];
  });
  return proved.length === 0 ? found : [...found, ...proved];
};

/**
 * Batches that may be this one, and may be another: nothing has proved either yet. One that failed
 * validation cost nothing, and has no answers: whose it is does not matter.
 */
export const candidatesFor = (
  snapshot: RunSnapshot,
  { batchKey, requests }: Pick<LiveBatch, 'batchKey' | 'requests'>,
  { undecided = [] }: SweepReport,
): readonly UndecidedBatch[] =>
  undecided.filter(
    (listed) =>
      listed.ending !== 'rejected' &&
      (listed.requests === null || listed.requests === requests) &&
      !isAnothersId(snapshot, batchKey, listed.providerBatchId) &&
      !isDecided(snapshot, listed),
  );

/** A result says whose it is: another run's, or a batch of this one. */
const isDecided = ({ config }: RunSnapshot, { customId }: UndecidedBatch): boolean =>
  customId !== null &&
  (customIdsOf(config).indexOf(customId) === null || stampIn(config, customId) !== null);

/**
 * Whether one of them can still be proved: it is alive, and not long past its end. The answers of
 * one that has ended are there, so that what cannot be read of it is no matter of waiting.
 */
export const isDecidedLater = (
  { config }: RunSnapshot,
  { sentAtMs, plannedAtMs }: LiveBatch,
  candidates: readonly UndecidedBatch[],
  atMs: number,
): boolean => {
  const windowMs = batchWindowMs(config);
  const isLate =
    windowMs !== null && atMs - (sentAtMs ?? plannedAtMs) > windowMs + 2 * expiryGraceMs;
  return !isLate && candidates.some(({ ending }) => ending === null);
};

/** The candidates, for the reason why a batch is held. */
export const namesOf = (candidates: readonly UndecidedBatch[]): string => {
  const shown = candidates
    .slice(0, namedMax)
    .map(({ providerBatchId, providerStatus }) => `${providerBatchId} (${providerStatus})`);
  const more = candidates.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
const namedMax = 5;
