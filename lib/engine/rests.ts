import type { EffectKey } from '../core/values/ids.ts';

/** How long an effect rests whose answer changed nothing. */
export const restMs = 1_000;

/**
 * Effects whose last answer changed nothing: each waits for a moment, or until something else
 * changes.
 */
export interface Rests {
  /** `version`: that of the snapshot by which the answer changed nothing. */
  add(key: EffectKey, version: number, untilMs: number): void;
  /** Milliseconds until the effect may be performed again; 0: now. */
  leftMs(key: EffectKey, version: number, nowMs: number): number;
}

export const createRests = (): Rests => {
  const rests = new Map<EffectKey, { readonly version: number; readonly untilMs: number }>();
  return {
    add(key, version, untilMs) {
      rests.set(key, { version, untilMs });
    },
    leftMs(key, version, nowMs) {
      const rest = rests.get(key);
      if (rest === undefined) return 0;
      const leftMs = rest.untilMs - nowMs;
      // Rests are short: one that lies further ahead was set before the clock went back.
      if (rest.version === version && leftMs > 0 && leftMs <= 2 * restMs) return leftMs;
      rests.delete(key);
      return 0;
    },
  };
};
