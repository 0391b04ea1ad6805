import type { CandidateBatch, LiveBatch, UnfencedCreate } from '../model/batch.ts';
import type { SweepReport, UnconfirmedCreateQuery, UndecidedBatch } from '../model/command.ts';
import type { CommandOf } from '../model/command.ts';
import { unfencedKey } from '../model/effect.ts';
import type { Event, EventOf } from '../model/event.ts';
import { isTerminalItem, itemStatuses } from '../model/item.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { clearFault } from '../model/changes.ts';
import { effectiveDueMs } from '../faults/due-time.ts';
import { batchWindowMs, traitsOf } from '../values/service-traits.ts';
import { expiryGraceMs } from '../poll/overdue.ts';
import { candidatesFor, foundOf, isFenceable } from './candidates.ts';
import { isUnwaited } from './duplicates.ts';

/**
 * Creates that were sent again where no fence makes them fail if they come through after all. The
 * provider's list is read for them until their window has passed or the run ends: what comes
 * through is a duplicate batch, cancelled and counted. No row waits for them.
 */

/** Creates that are searched for at a time: the newest ones. */
export const unfencedMax = 64;
/** The longest wait between two lists that are read for one of them. */
const searchWaitMsMax = 3_600_000;
const dayMs = 86_400_000;
/** Lists in a row that fail before a run that waits for nothing else ends without one. */
const lastFaultsMax = 3;

/** With the create that was sent again just now, where it may still come through and would show. */
export const withUnfenced = (
  { config, unfenced }: RunSnapshot,
  batch: LiveBatch,
  atMs: number,
): readonly UnfencedCreate[] => {
  const isWatched =
    batch.phase === 'indeterminate' &&
    !isFenceable({ config }, batch) &&
    traitsOf(config).correlates !== 'none';
  if (!isWatched) return unfenced;
  const dueAtMs = atMs + firstSearchMs(config.operation.createGraceMs);
  const candidates = batch.doubt?.candidates ?? [];
  return withNewest(unfenced, { ...createOf(batch), dueAtMs, candidates });
};

const createOf = (batch: LiveBatch): Omit<UnfencedCreate, 'dueAtMs' | 'candidates'> => {
  const { batchKey, batchNo, createAttempt, requests, inputFileId, newestBatchId } = batch;
  const sentAtMs = batch.sentAtMs ?? batch.plannedAtMs;
  return {
    ...{ batchKey, batchNo, createAttempt, requests, inputFileId, newestBatchId },
    sentAtMs,
    looks: 0,
  };
};

const withNewest = (
  unfenced: readonly UnfencedCreate[],
  create: UnfencedCreate,
): readonly UnfencedCreate[] => [...unfenced, create].slice(-unfencedMax);

/**
 * One batch of an unconfirmed create is adopted while others in the list may be its as well, such
 * as the twin of a request that was doubled: they are searched for as those of one that was sent
 * again.
 */
export const unfencedTwins = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  report: SweepReport,
  atMs: number,
): readonly Event[] => {
  const twins = candidatesFor(snapshot, batch, report);
  if (twins.length === 0 || isFenceable(snapshot, batch)) return [];
  const { batchKey, createAttempt } = batch;
  const dueAtMs = atMs + firstSearchMs(snapshot.config.operation.createGraceMs);
  const candidates = namedOf(twins);
  return [{ type: 'UnfencedSought', atMs, batchKey, createAttempt, candidates, dueAtMs }];
};

const namedOf = (
  candidates: readonly (CandidateBatch | UndecidedBatch)[],
): readonly CandidateBatch[] =>
  candidates.map(({ providerBatchId, createdAtMs, requests }) => ({
    ...{ providerBatchId, createdAtMs, requests },
  }));

const firstSearchMs = (createGraceMs: number): number =>
  Math.min(searchWaitMsMax, Math.max(1, createGraceMs));

/** Growing waits: a create that is lost for hours hardly ever comes through. */
const searchWaitMs = ({ config }: RunSnapshot, { looks }: UnfencedCreate): number =>
  Math.min(
    searchWaitMsMax,
    firstSearchMs(config.operation.createGraceMs) * 2 ** Math.min(looks, 30),
  );

/** When the list is next read for it, whatever the clock did; null: not any more. */
export const unfencedDueMs = (
  snapshot: RunSnapshot,
  { dueAtMs }: UnfencedCreate,
  nowMs: number,
): number | null =>
  dueAtMs === null
    ? null
    : isOverButForUnfenced(snapshot)
      ? nowMs
      : effectiveDueMs(dueAtMs, searchWaitMsMax, nowMs);

/** They are asked for all together, as soon as one of them is due: one reading answers all. */
export const unfencedQueries = (
  snapshot: RunSnapshot,
  nowMs: number,
): readonly UnconfirmedCreateQuery[] => {
  const open = snapshot.unfenced.filter(({ dueAtMs }) => dueAtMs !== null);
  const isOneDue = open.some(
    (create) => (unfencedDueMs(snapshot, create, nowMs) ?? Infinity) <= nowMs,
  );
  return isOneDue
    ? open.map(({ batchKey, createAttempt, inputFileId, requests, sentAtMs, newestBatchId }) => ({
        ...{ batchKey, createAttempt, inputFileId, requests, sentAtMs, newestBatchId },
        stage: 'looking',
        isUnfenced: true,
      }))
    : [];
};

/**
 * What a list shows of one of them: duplicate batches, and batches that may be some. Silence needs
 * no proof.
 */
export const unfencedFound = (
  snapshot: RunSnapshot,
  { batchKey, createAttempt }: UnconfirmedCreateQuery,
  { report, readFromMs, atMs }: CommandOf<'RecordSweep'>,
): readonly Event[] => {
  const create = snapshot.unfenced.find(
    (one) => one.batchKey === batchKey && one.createAttempt === createAttempt,
  );
  if (create === undefined || create.dueAtMs === null) return [];
  const late = lateOf(snapshot, create, report, atMs);
  const isShown = (id: string): boolean =>
    late.some(({ providerBatchId }) => providerBatchId === id);
  const candidates = candidatesFor(snapshot, create, report).filter(
    ({ providerBatchId }) => !isShown(providerBatchId) && !isKnown(snapshot, providerBatchId),
  );
  // What is reported twice, or was read for another one's sake, moves no due time.
  const isDue =
    isOverButForUnfenced(snapshot) ||
    effectiveDueMs(create.dueAtMs, searchWaitMsMax, atMs) <= readFromMs;
  return isDue ? [...late, searched(snapshot, create, candidates, atMs)] : late;
};

const isKnown = ({ live, strays, settled }: RunSnapshot, id: string): boolean =>
  [...live, ...strays, ...settled].some(({ providerBatchId }) => providerBatchId === id);

const lateOf = (
  snapshot: RunSnapshot,
  create: UnfencedCreate,
  report: SweepReport,
  atMs: number,
): readonly EventOf<'StrayFound'>[] => {
  const { batchKey, createAttempt, inputFileId } = create;
  const own = foundOf(snapshot, create, report).filter(
    (listed) =>
      listed.ending !== 'rejected' &&
      !isKnown(snapshot, listed.providerBatchId) &&
      ((listed.batchKey === batchKey && listed.createAttempt === createAttempt) ||
        (inputFileId !== null && listed.inputFileId === inputFileId)),
  );
  return own.map(({ providerBatchId, providerStatus, ending }) => ({
    type: 'StrayFound',
    atMs,
    batchKey,
    providerBatchId,
    providerStatus,
    isAlive: ending === null,
    isGivenUp: false,
    isLate: true,
  }));
};

/** The last reading is one that began when nothing else was left, or after its window. */
const searched = (
  snapshot: RunSnapshot,
  create: UnfencedCreate,
  candidates: readonly (CandidateBatch | UndecidedBatch)[],
  atMs: number,
): EventOf<'UnfencedSought'> => {
  const { batchKey, createAttempt, sentAtMs } = create;
  const windowMs = (batchWindowMs(snapshot.config) ?? dayMs) + 2 * expiryGraceMs;
  const isLast = isOverButForUnfenced(snapshot) || atMs - sentAtMs > windowMs;
  return {
    type: 'UnfencedSought',
    atMs,
    batchKey,
    createAttempt,
    candidates: namedOf(candidates),
    dueAtMs: isLast ? null : atMs + searchWaitMs(snapshot, create),
  };
};

/** Those that are over and leave nothing open are forgotten. */
export const unfencedAfter = (
  s: RunSnapshot,
  { batchKey, createAttempt, candidates, dueAtMs }: EventOf<'UnfencedSought'>,
): RunSnapshot => {
  const isIt = (of: { readonly batchKey: string; readonly createAttempt: number }): boolean =>
    of.batchKey === batchKey && of.createAttempt === createAttempt;
  const adopted = s.live.find(isIt);
  const isNew = !s.unfenced.some(isIt);
  const isOver = dueAtMs === null && candidates.length === 0;
  return {
    ...clearFault(s, unfencedKey),
    unfenced:
      isNew && adopted !== undefined
        ? withNewest(s.unfenced, { ...createOf(adopted), candidates, dueAtMs })
        : s.unfenced.flatMap((create) => {
            if (!isIt(create)) return [create];
            return isOver ? [] : [{ ...create, looks: create.looks + 1, candidates, dueAtMs }];
          }),
  };
};

/** A list that cannot be read does not keep a run from its end for long. */
export const unfencedLeft = (
  snapshot: RunSnapshot,
  { fault, atMs }: CommandOf<'RecordFault'>,
): readonly Event[] => {
  const count = (snapshot.faults.find(({ key }) => key === unfencedKey)?.count ?? 0) + 1;
  const isEnough = fault === 'refused' || count >= lastFaultsMax;
  if (!isEnough || !isOverButForUnfenced(snapshot)) return [];
  return snapshot.unfenced.flatMap((create): readonly Event[] =>
    create.dueAtMs === null
      ? []
      : [{ ...searched(snapshot, create, create.candidates, atMs), dueAtMs: null }],
  );
};

/** True where nothing but a last search for these stands between the run and its end. */
export const isOverButForUnfenced = (snapshot: RunSnapshot): boolean =>
  (snapshot.ingest.isComplete || snapshot.control.state === 'cancel_requested') &&
  snapshot.live.length === 0 &&
  snapshot.strays.every((duplicate) => isUnwaited(snapshot, duplicate)) &&
  snapshot.litter.length === 0 &&
  snapshot.artifacts.unkept.length === 0 &&
  itemStatuses.every((status) => isTerminalItem(status) || snapshot.totals[status] === 0);

/** True once the search for all of them is over. */
export const isUnfencedSearchOver = ({ unfenced }: RunSnapshot): boolean =>
  unfenced.every(({ dueAtMs }) => dueAtMs === null);
