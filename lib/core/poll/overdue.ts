import type { LiveBatch, Overdue } from '../model/batch.ts';
import type { BatchObservation } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { batchWindowMs, traitsOf } from '../values/service-traits.ts';

const hourMs = 3_600_000;

/**
 * A batch may end so long after its expiry: services write its files first, and their clocks differ
 * from ours.
 */
export const expiryGraceMs = hourMs;
/**
 * OpenAI cancels within ten minutes, and finalizes within seconds to minutes (batch guide, 2026-09;
 * reports of 2024 to 2026).
 */
const shortStageMs = hourMs;
/** Queued batches were seen unchanged for over an hour, and answered later. */
const unchangedMs = 6 * hourMs;

/** 2020, in ms since 1970. An earlier creation time is ignored: no batch is older. */
const bornMsMin = 1_577_836_800_000;
export const bornAtMs = (createdAtMs: number | null | undefined): number | null =>
  createdAtMs === null || createdAtMs === undefined || createdAtMs < bornMsMin ? null : createdAtMs;

/**
 * When a batch of these times expires at the latest; null: not known. `sinceMs`: its age by our own
 * clock, for a service that reports no times.
 */
export const expiryOf = (
  { config }: RunSnapshot,
  { createdAtMs, expiresAtMs }: Pick<BatchObservation, 'createdAtMs' | 'expiresAtMs'>,
  sinceMs: number | null,
): number | null => {
  const windowMs = batchWindowMs(config);
  const fromMs = bornAtMs(createdAtMs) ?? sinceMs;
  const statedMs = bornAtMs(expiresAtMs);
  // An expiry that does not lie behind the creation is none: services were seen that say 0.
  if (statedMs !== null && (fromMs === null || statedMs > fromMs)) return statedMs;
  return windowMs === null || fromMs === null ? null : fromMs + windowMs;
};

/**
 * The status is none that says what the batch does, and every request is counted as answered or
 * failed, or there is a file of answers.
 */
const isDoneByOtherSigns = ({ stage, progress, named }: BatchObservation): boolean =>
  stage === 'unknown' &&
  (isCountedOut(progress) || (named !== undefined && named.outputFileId !== null));

/** Every request is counted as answered or failed. */
export const isCountedOut = (progress: BatchObservation['progress']): boolean =>
  progress !== null && progress.total > 0 && progress.completed + progress.failed >= progress.total;

/**
 * The provider's times are compared with its own clock where that is known, so that a machine whose
 * clock is ahead calls no batch overdue; and with ours where that is behind.
 */
export const nowOf = ({ providerNowMs }: BatchObservation, atMs: number): number =>
  Math.min(atMs, bornAtMs(providerNowMs) ?? atMs);

/**
 * Since when nothing has changed, and for how long: by the provider's times where it reports them,
 * else by our own polls.
 */
const unchangedFor = (
  batch: LiveBatch,
  observation: BatchObservation,
  isNews: boolean,
  atMs: number,
): { readonly sinceMs: number; readonly forMs: number } => {
  const { stage, progress } = observation;
  // A service that reports 0 reports nothing.
  const statusSinceMs = bornAtMs(observation.statusSinceMs);
  const seenMs = isNews ? atMs : (batch.newsAtMs ?? atMs);
  const seen = { sinceMs: seenMs, forMs: atMs - seenMs };
  const isCounting =
    stage === 'unknown' ||
    ((stage ?? 'in_progress') === 'in_progress' &&
      (progress?.completed ?? 0) + (progress?.failed ?? 0) > 0);
  if (isCounting || statusSinceMs === null) return seen;
  const reported = { sinceMs: statusSinceMs, forMs: nowOf(observation, atMs) - statusSinceMs };
  return reported.forMs > seen.forMs ? reported : seen;
};

/**
 * A batch that was made empty holds what was added as soon as the create is answered: one that
 * counts fewer lacks them, and may never end.
 */
export const lacksRequests = (
  { config }: RunSnapshot,
  { requests }: Pick<LiveBatch, 'requests'>,
  { progress }: Pick<BatchObservation, 'progress'>,
): boolean =>
  traitsOf(config).input === 'container' && progress !== null && progress.total < requests;

/** How long a batch may stay as it is. Where counts come at the end, nothing moves until then. */
const unchangedMsMax = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  observation: BatchObservation,
): number => {
  const { stage = 'in_progress' } = observation;
  const { config } = snapshot;
  if (lacksRequests(snapshot, batch, observation)) return shortStageMs;
  if (stage === 'cancelling' || stage === 'finalizing') return shortStageMs;
  return stage === 'in_progress' && traitsOf(config).counts === 'at_end' ? Infinity : unchangedMs;
};

/** Why the batch that was observed like this takes longer than is usual; null: it does not. */
export const overdueOf = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  observation: BatchObservation,
  isNews: boolean,
  atMs: number,
): Overdue | null => {
  const expiryMs = expiryOf(
    snapshot,
    {
      createdAtMs: observation.createdAtMs ?? batch.providerTimes.createdAtMs,
      expiresAtMs: observation.expiresAtMs ?? batch.providerTimes.expiresAtMs,
    },
    batch.sentAtMs,
  );
  if (expiryMs !== null && nowOf(observation, atMs) - expiryMs >= expiryGraceMs)
    return { reason: 'past_expiry', sinceMs: expiryMs };
  const known = batch.overdue;
  if (isDoneByOtherSigns(observation))
    return {
      reason: 'unknown_status',
      sinceMs: known?.reason === 'unknown_status' ? known.sinceMs : atMs,
    };
  const { sinceMs, forMs } = unchangedFor(batch, observation, isNews, atMs);
  const limitMs = unchangedMsMax(snapshot, batch, observation);
  return forMs >= limitMs ? { reason: 'unchanged', sinceMs } : null;
};

/** Recorded once for each reason, and once when the batch moves again. */
export const overdueEvents = (
  batch: LiveBatch,
  observation: BatchObservation,
  overdue: Overdue | null,
  atMs: number,
): readonly Event[] => {
  if (overdue?.reason === batch.overdue?.reason) return [];
  const { batchKey, providerBatchId, providerTimes } = batch;
  const createdAtMs =
    bornAtMs(observation.createdAtMs ?? providerTimes.createdAtMs) ?? batch.sentAtMs;
  return [
    {
      type: 'BatchOverdue',
      atMs,
      batchKey,
      providerBatchId,
      providerStatus: observation.providerStatus,
      createdAtMs,
      overdue,
    },
  ];
};
