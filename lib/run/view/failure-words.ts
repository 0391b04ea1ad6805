import type { ItemResult } from '../../core/settle/results.ts';
import type { ResultRef } from '../../ports/run-store.ts';

/** The result that a pointer means; null where it cannot be read. */
export type ResultOf = (ref: ResultRef) => Promise<ItemResult | null>;

/** What the provider says of some rows, or, where it says nothing, what the class means. */
export interface FailureWords {
  readonly errorCode: string | null;
  readonly message: string;
  readonly count: number;
  readonly exampleItemId: string;
}

/** Failures of one class: how many, the first of them, and some that are spread over all of them. */
export interface ClassSample {
  readonly count: number;
  readonly example: string;
  readonly kept: readonly ResultRef[];
  /** Each so manyth is kept. */
  readonly step: number;
}

export const sampleMax = 32;
export const saidMax = 5;

/** The sample with one failure more: once it is full, every other one goes, and from then on half as many are kept. */
export const sampled = (sample: ClassSample | undefined, ref: ResultRef): ClassSample => {
  if (sample === undefined) return { count: 1, example: ref.itemId, kept: [ref], step: 1 };
  const { count, kept, step } = sample;
  if (count % step !== 0) return { ...sample, count: count + 1 };
  if (kept.length < sampleMax) return { ...sample, count: count + 1, kept: [...kept, ref] };
  const halved = kept.filter((_, at) => at % 2 === 0);
  const isKept = count % (2 * step) === 0;
  return { ...sample, count: count + 1, step: 2 * step, kept: isKept ? [...halved, ref] : halved };
};

/** What was said of these failures, by distinct words; reads their lines, and leaves out what cannot be read. */
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
    said.set(key, { errorCode, message, count: (known?.count ?? 0) + 1, exampleItemId: known?.exampleItemId ?? result.itemId });
  }
  return { sampledCount, said: [...said.values()].sort((a, b) => b.count - a.count).slice(0, saidMax) };
};
