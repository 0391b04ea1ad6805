import type { EnqueueLimits } from './config.ts';
import type { RunSnapshot } from './snapshot.ts';

/** Room in the enqueue budget; null: no limit. */
export interface Room {
  readonly tokens: number | null;
  readonly requests: number | null;
}

/** `min(limit × targetRatio, limit − headroom)`, never negative; null without a limit. */
export const effectiveTokenBudget = (limits: EnqueueLimits): number | null =>
  limits.enqueuedTokenLimit === null
    ? null
    : Math.max(0, Math.floor(Math.min(limits.enqueuedTokenLimit * limits.targetRatio, limits.enqueuedTokenLimit - limits.headroom)));

/** What the run's unsettled batches hold: a sum over batches, never a counter. O(live batches). */
export const usedBudget = (snapshot: RunSnapshot): { readonly tokens: number; readonly requests: number } => {
  let tokens = 0;
  let requests = 0;
  for (const batch of snapshot.live) {
    tokens += batch.inputTokens;
    requests += batch.requests;
  }
  return { tokens, requests };
};

/** What may still be planned now. */
export const roomLeft = (snapshot: RunSnapshot): Room => {
  const { enqueue } = snapshot.config.operation;
  const budget = effectiveTokenBudget(enqueue);
  const used = usedBudget(snapshot);
  return {
    tokens: budget === null ? null : Math.max(0, budget - used.tokens),
    requests: enqueue.enqueuedRequestLimit === null ? null : Math.max(0, enqueue.enqueuedRequestLimit - used.requests),
  };
};

/** True when what the plan waits for would fit now, or when nothing is known to wait. */
export const hasRoomForNext = (snapshot: RunSnapshot): boolean => {
  const { needs } = snapshot.backlog;
  if (needs === null) return true;
  const room = roomLeft(snapshot);
  return (room.tokens === null || room.tokens >= needs.tokens) && (room.requests === null || room.requests >= needs.requests);
};
