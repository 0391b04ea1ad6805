import type { LiveBatch } from '../model/batch.ts';
import { enqueueBudget, isStatedKnown, withoutGuess } from './budget.ts';
import { pauseEvents } from '../control/control.ts';
import { isDueAt, effectiveDueMs, backoffMs, backoffMsMax } from '../faults/due-time.ts';
import type { Event } from '../model/event.ts';
import type { QueueGuess, QuotaUse } from '../model/queue-state.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { billedPerCounted } from '../values/usage.ts';

/** What a capacity refusal says of the limit. */
export interface CapacityRefusal {
  readonly message: string;
  readonly statedTokensMax: number | null;
  readonly statedRequestsMax: number | null;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/**
 * After this long without an accepted batch, and with none of ours in the queue, the run pauses for
 * an operator.
 */
const hopelessMs = 3 * dayMs;

const isAtProvider = (batch: LiveBatch): boolean =>
  batch.phase === 'creating' || batch.phase === 'indeterminate' || batch.phase === 'created';

/**
 * The provider refused the batch for capacity: what the run learns. No attempt is used, no row
 * fails.
 */
export const learnFromRefusal = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  refusal: CapacityRefusal,
  atMs: number,
): readonly Event[] => {
  const { queue } = snapshot;
  const { message, statedTokensMax: tokensMax, statedRequestsMax: requestsMax } = refusal;
  const rest = snapshot.live.filter(
    (other) => other.batchKey !== batch.batchKey && isAtProvider(other),
  );
  const accepted = rest.filter((other) => other.isAccepted);
  const isAlone = rest.length === 0 && queue.others.tokens === 0 && queue.others.requests === 0;
  // A statement on requests does not clear one on tokens: else two limits would be learned and
  // forgotten in turn.
  const believed = isStatedKnown(snapshot, atMs) ? queue.stated : null;
  const stated =
    tokensMax === null && requestsMax === null
      ? queue.stated
      : {
          tokensMax: tokensMax ?? believed?.tokensMax ?? null,
          requestsMax: requestsMax ?? believed?.requestsMax ?? null,
          atMs,
        };
  const inQueue = (of: (each: QuotaUse) => number): number =>
    accepted.reduce(
      (sum, other) => sum + of({ tokens: other.inputTokens, requests: other.requests }),
      of(queue.others),
    );
  const isExplained =
    (tokensMax !== null &&
      tokensMax <
        (inQueue(({ tokens }) => tokens) + batch.inputTokens) * billedPerCounted(snapshot)) ||
    (requestsMax !== null && requestsMax < inQueue(({ requests }) => requests) + batch.requests);
  const unit = batch.inputTokens > 0 ? 'tokens' : 'requests';
  const own = unit === 'tokens' ? batch.inputTokens : batch.requests;
  const beside = inQueue((use) => use[unit]);
  const guess = isExplained ? null : guessAfter(queue.guess, { unit, own, beside, isAlone }, atMs);
  const count = (queue.refusals?.count ?? 0) + 1;
  const counted = { count, sinceMs: queue.refusals?.sinceMs ?? atMs, message, untilMs: atMs };
  const restMs =
    guess === null || count <= searchesMax
      ? 0
      : waitMsOf(snapshot, count - searchesMax, batch.batchKey);
  const refusals = { ...counted, untilMs: atMs + restMs };
  const learned: Event = { type: 'QueueLearned', atMs, stated, guess, refusals };
  // Other runs that only reserve capacity, or that wait for this run in turn, are no reason to
  // continue for ever.
  if (rest.length > 0 || atMs - refusals.sinceMs < hopelessMs) return [learned];
  const why = `the provider's queue has accepted no batch for three days, with none of this run in it (${refusals.count} refusals): ${message}`;
  return [learned, ...pauseEvents(snapshot, 'circuit_open', why, atMs)];
};

interface RefusedLoad {
  readonly unit: QueueGuess['unit'];
  readonly own: number;
  /** What was accepted before, and was still in the queue. */
  readonly beside: number;
  readonly isAlone: boolean;
}

/** What was refused beside others is left alone for so long, and twice as long each time. */
const refusedLifeMs = 6 * hourMs;
const refusedLifeMsMax = refusedLifeMs * 2 ** 4;

/**
 * Alone: half of it. Beside others: what they take, and half of it. Refused alone it is no proof
 * for long, since a queue that is full of another account's batch refuses anything.
 */
const guessAfter = (
  known: QueueGuess | null,
  { unit, own, beside, isAlone }: RefusedLoad,
  atMs: number,
): QueueGuess => {
  const doublings = known?.unit === unit ? known.doublings : 0;
  return {
    unit,
    max: Math.max(1, Math.floor(beside + own / 2)),
    good: beside,
    refused: beside + own,
    refusedUntilMs: atMs + (isAlone ? hourMs : refusedLifeMs * 2 ** Math.min(4, doublings)),
    doublings: isAlone ? doublings : doublings + 1,
  };
};

/** A guess is left alone once it is so near to what was refused. */
const nearRatio = 0.04;
/** It has to have been used to prove anything. */
const usedRatio = 0.9;
/** What was refused long ago is tried again by a little more, and with success by ever more. */
const probeRatio = 1.05;
const growthRatio = 1.5;

const isAtWork = (batch: LiveBatch): boolean => batch.phase === 'created' && batch.isAccepted;
const loadOf = (batch: LiveBatch, unit: QueueGuess['unit']): number =>
  unit === 'tokens' ? batch.inputTokens : batch.requests;

/**
 * The provider has taken the batch in: the guess grows, half-way to what was refused, or further
 * where nothing forbids it.
 */
export const learnFromAcceptance = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  atMs: number,
): readonly Event[] => {
  const { guess, refusals, stated, others } = snapshot.queue;
  if (guess === null)
    return refusals === null ? [] : [{ type: 'QueueLearned', atMs, stated, guess, refusals: null }];
  const { unit, max } = guess;
  const own = snapshot.live
    .filter((other) => other === batch || isAtWork(other))
    .reduce((sum, other) => sum + loadOf(other, unit), 0);
  const inQueue = own + others[unit];
  // What others hold may not be there yet: only what this run itself has there disproves a refusal.
  const isDisproved = guess.refused !== null && own >= guess.refused;
  const proved = {
    ...guess,
    good: Math.max(guess.good, inQueue),
    refused: isDisproved ? null : guess.refused,
  };
  // Requests are not cut: where not one more would fit, the guess is used as far as it can be.
  const withOneMore = inQueue + Math.ceil(loadOf(batch, unit) / batch.requests);
  const grown =
    Math.max(inQueue / usedRatio, withOneMore) >= max
      ? grownGuess(snapshot, proved, withOneMore, atMs)
      : proved;
  const isNews =
    grown === null ||
    grown.max !== max ||
    grown.good !== guess.good ||
    grown.refused !== guess.refused ||
    refusals !== null;
  return isNews ? [{ type: 'QueueLearned', atMs, stated, guess: grown, refusals: null }] : [];
};

const grownGuess = (
  snapshot: RunSnapshot,
  guess: QueueGuess,
  withOneMore: number,
  atMs: number,
): QueueGuess | null => {
  if (guess.refused !== null && !isDueAt(guess.refusedUntilMs, refusedLifeMsMax, atMs)) {
    const isNear = guess.refused - guess.max <= guess.max * nearRatio;
    return isNear ? guess : { ...guess, max: Math.floor((guess.max + guess.refused) / 2) };
  }
  // At least one more: a guess that admits one request at a time would grow once in the life of a
  // batch.
  const max = Math.max(
    withOneMore,
    Math.ceil(guess.refused === null ? guess.max * growthRatio : guess.refused * probeRatio),
  );
  const limit = enqueueBudget(withoutGuess(snapshot), atMs)[guess.unit];
  // The guess is above the stated limits, or above any known limit: only the limits count again.
  return max >= (limit ?? 1e12) ? null : { ...guess, max, refused: null };
};

/**
 * This many refusals in a row search for the limit; after them a full queue is asked less and less
 * often.
 */
const searchesMax = 4;

/**
 * True while nothing of the run is at work there, and what was refused last is to be left alone for
 * a while.
 */
export const isResting = (snapshot: RunSnapshot, nowMs: number): boolean =>
  nowMs < restUntilMs(snapshot, nowMs) && !snapshot.live.some(isAtWork);
export const restUntilMs = ({ queue: { refusals }, config }: RunSnapshot, nowMs: number): number =>
  refusals === null
    ? 0
    : effectiveDueMs(refusals.untilMs, backoffMsMax(config.operation.retry.batchBackoff), nowMs);

/**
 * How long rows wait after a capacity refusal: a minute at first, so that retries outlast an hour
 * of a full queue.
 */
export const capacityWaitMs = (snapshot: RunSnapshot, jitterOf: string): number =>
  waitMsOf(snapshot, snapshot.queue.refusals?.count ?? 1, jitterOf);

const waitMsOf = (snapshot: RunSnapshot, count: number, jitterOf: string): number => {
  const { pollIntervalMs, retry } = snapshot.config.operation;
  const { batchBackoff } = retry;
  const initialMs = Math.max(batchBackoff.initialMs, Math.min(60_000, pollIntervalMs));
  return backoffMs({ ...batchBackoff, initialMs }, count, jitterOf);
};

/**
 * A batch that was created this long ago, and is not known to be accepted, no longer blocks other
 * batches.
 */
const probeMs = hourMs;

const isProbe = (batch: LiveBatch, nowMs: number): boolean =>
  isAtProvider(batch) && !batch.isAccepted && nowMs < probeUntilMs(batch, nowMs);
const probeUntilMs = ({ sentAtMs, plannedAtMs }: LiveBatch, nowMs: number): number =>
  effectiveDueMs((sentAtMs ?? plannedAtMs) + probeMs, probeMs, nowMs);

/**
 * While no limit is known, few batches at a time are created on trial: a refusal teaches as much as
 * ten. Under a guess one at a time is tried beyond the most that was seen in the queue at one time.
 */
export const isProbingEnough = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  nowMs: number,
): boolean => {
  const { acceptedCount, stated, guess, others } = snapshot.queue;
  const probes = snapshot.live.filter((other) => other !== batch && isProbe(other, nowMs));
  if (guess !== null) {
    const load = [batch, ...probes, ...snapshot.live.filter(isAtWork)].reduce(
      (sum, each) => sum + loadOf(each, guess.unit),
      others[guess.unit],
    );
    return probes.length > 0 && load > guess.good;
  }
  const { enqueuedTokenLimit } = snapshot.config.operation.enqueue;
  if (enqueuedTokenLimit !== null || isStatedKnown(snapshot, nowMs)) return false;
  const accepted = snapshot.live.filter(isAtWork).length;
  const max =
    acceptedCount === 0 ? 2 : stated !== null ? 1 : Math.max(4, Math.floor(accepted / 10));
  return probes.length >= max;
};

/** When the first of the trials no longer counts; null: there is none. */
export const probeEndsAtMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  const times = snapshot.live
    .filter((batch) => isProbe(batch, nowMs))
    .map((batch) => probeUntilMs(batch, nowMs));
  return times.length === 0 ? null : Math.min(...times);
};
