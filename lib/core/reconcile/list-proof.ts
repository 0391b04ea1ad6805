import type { LiveBatch } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import type { ProviderBatchId } from '../values/ids.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** How far the provider's clock may be from ours. */
export const clockSkewMs = 10 * 60_000;
/** A list is checked against this many of the run's batches, the newest ones. */
const knownMax = 5;
/**
 * Batches that were settled so long before the oldest live one was planned are not expected in the
 * list: some services forget them.
 */
const settledLifeMs = 7 * 24 * 3_600_000;
/** A batch of the run that exists at the provider; `sentAtMs` null: its age is unknown. */
export interface KnownBatch {
  readonly providerBatchId: ProviderBatchId;
  readonly sentAtMs: number | null;
}

/**
 * Batches that a whole list shows, newest first: live ones, those settled lately, and duplicates
 * that are being cancelled. O(live batches).
 */
export const knownBatches = (snapshot: RunSnapshot): readonly KnownBatch[] => {
  const live = snapshot.live.flatMap(
    ({ providerBatchId, sentAtMs, phase, held }): readonly KnownBatch[] =>
      // A created batch is held where the provider does not know it any more.
      providerBatchId === null || (phase === 'created' && held !== null)
        ? []
        : [{ providerBatchId, sentAtMs }],
  );
  const oldestMs = Math.min(...snapshot.live.map(({ plannedAtMs }) => plannedAtMs));
  const settled = snapshot.settled.filter(({ sentAtMs }) => sentAtMs > oldestMs - settledLifeMs);
  const duplicates = snapshot.strays.flatMap(({ providerBatchId, isEnded, givenUp }) =>
    isEnded || givenUp !== null ? [] : [{ providerBatchId, sentAtMs: null }],
  );
  return [...live, ...settled, ...duplicates]
    .sort((a, b) => (b.sentAtMs ?? -Infinity) - (a.sentAtMs ?? -Infinity))
    .slice(0, knownMax);
};

/**
 * How far our clock is ahead of the provider's, by the input file's creation there: at most so far.
 */
const clockAheadMs = ({ plannedAtMs, doubt }: LiveBatch): number => {
  const fileCreatedAtMs = doubt?.fileCreatedAtMs ?? null;
  return fileCreatedAtMs === null ? 0 : Math.max(0, plannedAtMs - fileCreatedAtMs);
};

/**
 * Known batches that the list should have shown, by how far back it was read, and did not: then its
 * silence about others proves nothing.
 */
export const lackedBy = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { known, report }: Pick<CommandOf<'RecordSweep'>, 'known' | 'report'>,
): readonly ProviderBatchId[] => {
  const { readBackToMs } = report;
  const shown = new Set<ProviderBatchId>([
    ...report.shown,
    ...report.found.map(({ providerBatchId }) => providerBatchId),
  ]);
  const asked = new Set<ProviderBatchId>(known);
  const isInRange = ({ sentAtMs }: KnownBatch): boolean =>
    readBackToMs === null ||
    (sentAtMs !== null && sentAtMs - clockSkewMs - clockAheadMs(batch) >= readBackToMs);
  return knownBatches(snapshot)
    .filter(
      (each) =>
        asked.has(each.providerBatchId) && !shown.has(each.providerBatchId) && isInRange(each),
    )
    .map(({ providerBatchId }) => providerBatchId);
};
