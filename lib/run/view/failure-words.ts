import type { ItemResult } from '../../core/settle/results.ts';
import type { ResultRef } from '../../ports/run-store.ts';

/** Reads the result at a pointer; null if it cannot be read. */
export type ResultOf = (ref: ResultRef) => Promise<ItemResult | null>;

/** A distinct error of some rows: the provider's message, or the meaning of the class. */
export interface FailureWords {
  readonly errorCode: string | null;
  readonly message: string;
  readonly count: number;
  readonly exampleItemId: string;
}

/** Failures of one class: their number, the first one, and an evenly spread sample. */
export interface ClassSample {
  readonly count: number;
  readonly example: string;
  readonly kept: readonly ResultRef[];
  /** Every `step`th failure is kept. */
  readonly step: number;
}

export const sampleMax = 32;
export const saidMax = 5;

/** Adds a failure. A full sample drops every other one, and doubles its step. */
export const sampled = (sample: ClassSample | undefined, ref: ResultRef): ClassSample => {
  if (sample === undefined) return { count: 1, example: ref.itemId, kept: [ref], step: 1 };
  const { count, kept, step } = sample;
  if (count % step !== 0) return { ...sample, count: count + 1 };
  if (kept.length < sampleMax) return { ...sample, count: count + 1, kept: [...kept, ref] };
  const halved = kept.filter((_, at) => at % 2 === 0);
  const isKept = count % (2 * step) === 0;
  return { ...sample, count: count + 1, step: 2 * step, kept: isKept ? [...halved, ref] : halved };
};

/** Distinct errors of these failures, most frequent first. Skips results that cannot be read. */
export const wordsOf = async (
  refs: readonly ResultRef[],
  resultOf: ResultOf,
): Promise<{ readonly sampledCount: number; readonly said: readonly FailureWords[] }> => {
  const said = new Map<string, FailureWords>();
  let sampledCount = 0;
  for (const ref of refs) {
    const result = await resultOf(ref);
    if (result === null || result.status === 'completed') continue;
    sampledCount += 1;
    const { errorCode, message } = result.error;
    const key = JSON.stringify([errorCode, message]);
    const known = said.get(key);
    said.set(key, {
      errorCode,
      message,
      count: (known?.count ?? 0) + 1,
      exampleItemId: known?.exampleItemId ?? result.itemId,
    });
  }
  return {
    sampledCount,
    said: [...said.values()].sort((a, b) => b.count - a.count).slice(0, saidMax),
  };
};
