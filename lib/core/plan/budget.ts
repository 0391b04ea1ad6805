import type { LiveBatch } from '../model/batch.ts';
import type { EnqueueLimits } from '../model/config.ts';
import { isDueAt, effectiveDueMs } from '../faults/due-time.ts';
import { remainingUsd } from '../money/money.ts';
import type { QueueGuess } from '../model/queue-state.ts';
import { usedBudget } from './quota.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { billedPerCounted } from '../values/usage.ts';
import { canaryItems } from '../faults/breaker.ts';
import type { BatchLimits } from '../values/limits.ts';
import { traitsOf } from '../values/service-traits.ts';

/** What more may be planned: prompt tokens, requests, US dollars. Null: no limit. */
export interface RemainingCapacity {
  readonly tokens: number | null;
  readonly requests: number | null;
  readonly usd: number | null;
}

/** `min(limit × targetRatio, limit − headroom)`, never negative; null without a limit. */
export const effectiveTokenBudget = ({
  enqueuedTokenLimit: limit,
  targetRatio,
  headroom,
}: Pick<EnqueueLimits, 'enqueuedTokenLimit' | 'targetRatio' | 'headroom'>): number | null =>
  limit === null ? null : Math.max(0, Math.floor(Math.min(limit * targetRatio, limit - headroom)));

/** How long a limit that the provider stated counts; providers raise limits. */
const statedLifeMs = 48 * 3_600_000;

/** When the stated limit expires; null: none was stated. */
export const statedUntilMs = ({ queue: { stated } }: RunSnapshot): number | null =>
  stated === null ? null : stated.atMs + statedLifeMs;

/** Whether the limit that the provider stated last is recent enough to count. */
export const isStatedKnown = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const untilMs = statedUntilMs(snapshot);
  return untilMs !== null && !isDueAt(untilMs, statedLifeMs + clockSkewMs, nowMs);
};
/** What another worker stored may be so far ahead of this clock. */
const clockSkewMs = 3_600_000;

const least = (...limits: readonly (number | null)[]): number | null => {
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/**
 * Estimates are right on the average, and a queue is full at the first token too many: a small part
 * of the budget stays free for that.
 */
const certaintyOf = ({ backlog: { counting } }: RunSnapshot): number =>
  counting === 'exact' || counting === null ? 1 : 0.97;

/**
 * The whole budget of the scope, in tokens as this run counts them: what is configured, what the
 * provider has said, what was found by trying.
 */
export const enqueueBudget = (
  snapshot: RunSnapshot,
  nowMs: number,
): { readonly tokens: number | null; readonly requests: number | null } => {
  const { enqueue } = snapshot.config.operation;
  const { stated, guess } = snapshot.queue;
  const believed = isStatedKnown(snapshot, nowMs) ? stated : null;
  const tokens = effectiveTokenBudget({
    ...enqueue,
    enqueuedTokenLimit: least(enqueue.enqueuedTokenLimit, believed?.tokensMax ?? null),
  });
  const requests = least(enqueue.enqueuedRequestLimit, believed?.requestsMax ?? null);
  const found = (unit: QueueGuess['unit']): number | null =>
    guess?.unit === unit ? guess.max : null;
  return {
    tokens: least(
      tokens === null
        ? null
        : Math.floor((tokens * certaintyOf(snapshot)) / billedPerCounted(snapshot)),
      found('tokens'),
    ),
    requests: least(
      requests === null ? null : Math.floor(requests * enqueue.targetRatio),
      found('requests'),
    ),
  };
};

/** As if nothing had been found by trying: what is configured or stated alone counts. */
export const withoutGuess = (snapshot: RunSnapshot): RunSnapshot => ({
  ...snapshot,
  queue: { ...snapshot.queue, guess: null },
});

/** Where tokens are a budget, or money, an estimate is not enough. */
export const needsExactTokens = ({ config: { limits, operation }, queue }: RunSnapshot): boolean =>
  [
    operation.enqueue.enqueuedTokenLimit,
    operation.enqueue.maxBatchEnqueuedTokens,
    operation.chunk.inputTokensMax,
    limits.inputTokensMax,
    operation.money.costUsdMax,
    queue.stated?.tokensMax ?? null,
    queue.guess?.max ?? null,
  ].some((limit) => limit !== null);

/**
 * What may still be planned now: the budget without what this run and the others of the scope hold.
 */
export const remainingCapacity = (snapshot: RunSnapshot, nowMs: number): RemainingCapacity => {
  const budget = enqueueBudget(snapshot, nowMs);
  const used = usedBudget(snapshot);
  const { others } = snapshot.queue;
  return {
    tokens:
      budget.tokens === null ? null : Math.max(0, budget.tokens - used.tokens - others.tokens),
    requests:
      budget.requests === null
        ? null
        : Math.max(0, budget.requests - used.requests - others.requests),
    usd: remainingUsd(snapshot),
  };
};

/**
 * The longest interval in ms, before jitter, between two checks of what the other runs of the scope
 * hold.
 */
export const capacityCheckMsMax = ({ config }: RunSnapshot): number =>
  Math.max(1_000, 4 * config.operation.pollIntervalMs);
/** Whether a run that waits for capacity checks again now. */
export const isCapacityCheckDue = (
  snapshot: RunSnapshot,
  retryAtMs: number,
  nowMs: number,
): boolean => capacityCheckDueMs(snapshot, retryAtMs, nowMs) <= nowMs;
/** When a run that waits for capacity checks again (milliseconds since the epoch). */
export const capacityCheckDueMs = (
  snapshot: RunSnapshot,
  retryAtMs: number,
  nowMs: number,
): number => effectiveDueMs(retryAtMs, Math.ceil(capacityCheckMsMax(snapshot) * 1.25), nowMs);

/**
 * True when the next batch would fit now, when the other runs are to be checked again, or when no
 * batch is known to wait.
 */
export const hasCapacityForNext = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const { needs } = snapshot.backlog;
  if (
    needs === null ||
    (needs.retryAtMs !== null && isCapacityCheckDue(snapshot, needs.retryAtMs, nowMs))
  )
    return true;
  const capacity = remainingCapacity(snapshot, nowMs);
  return (
    (capacity.tokens === null || capacity.tokens >= needs.tokens) &&
    (capacity.requests === null || capacity.requests >= needs.requests) &&
    (capacity.usd === null || capacity.usd >= needs.usd)
  );
};

/**
 * Its limits have shrunk below it since it was planned: it is cut before it is sent. One request
 * cannot be cut. Beside others a guess is mostly their share: a batch that was refused there is
 * planned anew, which checks them again, or it would be refused for ever at its size.
 */
export const isTooLarge = (snapshot: RunSnapshot, batch: LiveBatch, nowMs: number): boolean => {
  if (
    (batch.phase !== 'planned' && batch.phase !== 'uploaded') ||
    batch.held !== null ||
    batch.requests <= 1
  )
    return false;
  if (outgrowsLimits(snapshot, batch)) return true;
  const budget = enqueueBudget(snapshot, nowMs);
  const { guess, others } = snapshot.queue;
  const left = (unit: QueueGuess['unit']): number =>
    guess?.unit === unit ? guess.max - others[unit] : Infinity;
  return (
    batch.inputTokens > Math.min(budget.tokens ?? Infinity, left('tokens')) ||
    batch.requests > Math.min(budget.requests ?? Infinity, left('requests'))
  );
};

/**
 * True when the batch fits beside what this run has sent, or when nothing else of it is sent.
 * Planning has seen to it, unless the budget shrank since.
 */
export const fitsBesideSent = (snapshot: RunSnapshot, batch: LiveBatch, nowMs: number): boolean => {
  const sent = snapshot.live.filter(
    (other) => other !== batch && other.phase !== 'planned' && other.phase !== 'uploaded',
  );
  if (sent.length === 0) return true;
  const budget = enqueueBudget(snapshot, nowMs);
  const load = (of: (each: LiveBatch) => number): number =>
    sent.reduce((sum, each) => sum + of(each), of(batch));
  return (
    (budget.tokens === null || load((each) => each.inputTokens) <= budget.tokens) &&
    (budget.requests === null || load((each) => each.requests) <= budget.requests)
  );
};

/**
 * The provider's limits, tightened by the job's and by what refusals taught: what they are now,
 * whenever a batch was planned.
 */
const standingLimits = ({ config, fileLimit }: RunSnapshot): BatchLimits => {
  const { limits, operation } = config;
  const tokenLimits = [
    limits.inputTokensMax,
    operation.chunk.inputTokensMax,
    operation.enqueue.maxBatchEnqueuedTokens,
  ].filter((limit) => limit !== null);
  return {
    requestsMax: Math.max(1, Math.min(limits.requestsMax, operation.chunk.requestsMax)),
    inputBytesMax: Math.min(limits.inputBytesMax, operation.chunk.inputBytesMax),
    lineBytesMax: traitsOf(config).lineBytesMax,
    inputTokensMax: tokenLimits.length === 0 ? null : Math.min(...tokenLimits),
    inputsMax: limits.inputsMax,
    learnedBytesMax: fileLimit?.bytesMax ?? null,
  };
};

/** What one batch of this run may hold, and a canary that is due. */
export const batchLimitsOf = (snapshot: RunSnapshot): BatchLimits => {
  const limits = standingLimits(snapshot);
  const requestsMax = Math.min(limits.requestsMax, Math.max(1, canaryItems(snapshot) ?? Infinity));
  return { ...limits, requestsMax: distinctCount(snapshot, requestsMax) };
};

/**
 * Where only answers prove whose a batch is, full batches on their way get different numbers of
 * requests, so that the list alone can exclude one for the other.
 */
const distinctCount = ({ config, live }: RunSnapshot, requestsMax: number): number => {
  if (traitsOf(config).correlates !== 'answers') return requestsMax;
  const taken = new Set(
    live.flatMap(({ providerBatchId, requests }) => (providerBatchId === null ? [requests] : [])),
  );
  let count = requestsMax;
  while (count > 1 && taken.has(count)) count -= 1;
  return taken.has(count) ? requestsMax : count;
};

/**
 * Its limits have become smaller than it is since it was planned: by the operator, or by a refusal.
 */
const outgrowsLimits = (
  snapshot: RunSnapshot,
  { requests, inputBytes, inputTokens }: LiveBatch,
): boolean => {
  const limits = standingLimits(snapshot);
  return (
    requests > limits.requestsMax ||
    inputBytes > Math.min(limits.inputBytesMax, limits.learnedBytesMax ?? Infinity) ||
    inputTokens > (limits.inputTokensMax ?? Infinity)
  );
};
