import type { LiveBatch } from '../model/batch.ts';
import { canaryItems } from '../faults/breaker.ts';
import type { BatchLimits } from '../values/limits.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf } from '../values/service-traits.ts';

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
export const outgrowsLimits = (
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
