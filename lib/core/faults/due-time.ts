import type { Backoff } from '../model/config.ts';

/**
 * The due time that counts now, in ms. `waitMsMax` is the longest wait that the policy ever sets: a
 * time further ahead than that was stored before the clock went back, or under a longer policy, and
 * is due now. As `nowMs + waitMsMax` it would recede for ever. O(1).
 */
export const effectiveDueMs = (dueAtMs: number, waitMsMax: number, nowMs: number): number =>
  dueAtMs - nowMs > waitMsMax ? nowMs : dueAtMs;

export const isDueAt = (dueAtMs: number, waitMsMax: number, nowMs: number): boolean =>
  effectiveDueMs(dueAtMs, waitMsMax, nowMs) <= nowMs;

/**
 * FNV-1a over the text's UTF-16 units, to [0, 1): a repeatable number in place of a random one, so
 * that the core stays pure.
 */
export const hashToUnit = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // Murmur's finalizer: FNV alone leaves the high bits of short texts alike.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 0x1_0000_0000;
};

/**
 * How long the `failureCount`-th wait in a row lasts (from 1): exponential, three quarters to five
 * quarters of it by jitter, capped.
 */
export const backoffMs = (backoff: Backoff, failureCount: number, jitterOf: string): number => {
  // At least a millisecond, so that what failed is never due again at once.
  const grown =
    Math.max(1, backoff.initialMs) * backoff.factor ** Math.min(64, Math.max(0, failureCount - 1));
  return Math.max(
    1,
    Math.round(
      Math.min(backoff.maxMs, grown) * (0.75 + 0.5 * hashToUnit(`${jitterOf}#${failureCount}`)),
    ),
  );
};

/** The longest wait that `backoffMs` answers under this policy, whatever the count. */
export const backoffMsMax = (backoff: Backoff): number =>
  Math.max(1, Math.ceil(backoff.maxMs * 1.25));

/**
 * Rounds a due time up to whole units of an eighth of the wait (at least a second): few distinct
 * times, bounded buckets.
 */
export const bucketDueMs = (nowMs: number, waitMs: number): number => {
  const unitMs = bucketUnitMs(waitMs);
  return Math.ceil((nowMs + waitMs) / unitMs) * unitMs;
};

/** How far ahead of its commit a bucket can lie, where no wait is longer than `waitMsMax`. */
export const bucketMsMax = (waitMsMax: number): number => waitMsMax + bucketUnitMs(waitMsMax);

const bucketUnitMs = (waitMs: number): number =>
  Math.max(1_000, 2 ** Math.floor(Math.log2(Math.max(1, waitMs / 8))));
