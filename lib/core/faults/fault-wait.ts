import { isDueAt, effectiveDueMs, backoffMs, backoffMsMax } from './due-time.ts';
import type { FaultRecord, RunSnapshot } from '../model/snapshot.ts';
import { type BatchKey, type EffectKey, answersKey, batchEffectKey } from '../values/ids.ts';

/** The longest wait of an effect that failed, whatever the provider asks for. */
const faultWaitMsMax = ({ config }: RunSnapshot): number =>
  backoffMsMax(config.operation.retry.batchBackoff);

/** When a failed effect is tried again, whatever the clock did since that was set. */
export const faultDueMs = (
  snapshot: RunSnapshot,
  { dueAtMs }: FaultRecord,
  nowMs: number,
): number => effectiveDueMs(dueAtMs, faultWaitMsMax(snapshot), nowMs);
export const isFaultDue = (
  snapshot: RunSnapshot,
  { dueAtMs }: FaultRecord,
  nowMs: number,
): boolean => isDueAt(dueAtMs, faultWaitMsMax(snapshot), nowMs);

/**
 * How long a failed effect waits: by the policy, or as long as the provider asks, but never longer
 * than the policy allows.
 */
export interface FaultWait {
  readonly waitMs: number;
  /** What the provider asked for, where that is not obeyed; empty where it is. */
  readonly note: string;
}

export const faultWaitOf = (
  snapshot: RunSnapshot,
  key: string,
  count: number,
  askedMs: number | null,
): FaultWait => {
  const ownMs = backoffMs(snapshot.config.operation.retry.batchBackoff, count, key);
  if (askedMs === null) return { waitMs: ownMs, note: '' };
  const maxMs = faultWaitMsMax(snapshot);
  if (askedMs >= 0 && askedMs <= maxMs) return { waitMs: Math.max(ownMs, askedMs), note: '' };
  // Beyond any wait of the policy, or no length of time: what was asked for is reported, and the
  // policy holds.
  const waitMs = askedMs > maxMs ? maxMs : ownMs;
  return {
    waitMs,
    note: ` (it asked to wait ${askedMs / 1_000} s; batchor waits at most ${maxMs / 1_000} s)`,
  };
};

/**
 * Which effects may be tried now: those that never failed, and those whose wait after a failure is
 * over.
 */
export interface DueKeys {
  isDue(key: EffectKey): boolean;
  /** The batch itself, and the reading of its answers. */
  isBatchDue(batchKey: BatchKey): boolean;
}

/** O(failed effects) for each question. */
export const dueKeys = (snapshot: RunSnapshot, nowMs: number): DueKeys => {
  const isDue = (key: EffectKey): boolean => {
    const record = snapshot.faults.find((fault) => fault.key === key);
    return record === undefined || isFaultDue(snapshot, record, nowMs);
  };
  return {
    isDue,
    isBatchDue: (batchKey) => isDue(batchEffectKey(batchKey)) && isDue(answersKey(batchKey)),
  };
};
