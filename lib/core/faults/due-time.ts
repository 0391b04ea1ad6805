/**
 * The due time that counts now, in ms. `waitMsMax` is the longest wait that the policy ever sets: a
 * time further ahead than that was stored before the clock went back, or under a longer policy, and
 * is due now. As `nowMs + waitMsMax` it would recede for ever. O(1).
 */
export const effectiveDueMs = (dueAtMs: number, waitMsMax: number, nowMs: number): number =>
  dueAtMs - nowMs > waitMsMax ? nowMs : dueAtMs;

export const isDueAt = (dueAtMs: number, waitMsMax: number, nowMs: number): boolean =>
  effectiveDueMs(dueAtMs, waitMsMax, nowMs) <= nowMs;
