import type { EffectKey } from '../values/ids.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * How often batchor requests a cancel that is neither accepted nor refused (5xx, no answer). Then
 * the run no longer waits for it.
 */
export const stuckCancelTriesMax = 4;

/** `key`: the effect that cancels one batch. True once that many tries have failed in a row. */
export const isCancelStuck = ({ faults }: Pick<RunSnapshot, 'faults'>, key: EffectKey): boolean =>
  (faults.find((fault) => fault.key === key)?.count ?? 0) >= stuckCancelTriesMax;
