import type { BatchKey, EffectKey } from '../values/ids.ts';
import { answersKey, batchEffectKey } from '../values/ids.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isFaultDue } from './fault-wait.ts';

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
