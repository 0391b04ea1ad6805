import type { PlanWindow } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { sumAt } from '../model/sum.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * The rows in the window that the provider refused, each group with the batch whose refusal is the
 * reason.
 */
export const droppedIn = (
  snapshot: RunSnapshot,
  window: PlanWindow,
  atMs: number,
): readonly Event[] => {
  if (snapshot.refused.length === 0) return [];
  const lineIndexes = new Map<number, number>();
  for (let lineIndex = 0; lineIndex < window.indexes.length; lineIndex += 1)
    lineIndexes.set(window.indexes[lineIndex] as number, lineIndex);
  let sequenceFrom = snapshot.resultSequence + 1;
  return snapshot.refused.flatMap(({ batchKey, batchNo, code, indexes }): readonly Event[] => {
    const found = indexes.filter((index) => lineIndexes.has(index));
    if (found.length === 0) return [];
    const at = found.map((index) => lineIndexes.get(index) as number);
    const dropped: Event = {
      type: 'LinesDropped',
      atMs,
      batchKey,
      batchNo,
      indexes: found,
      code,
      bytes: sumAt(window.bytes, at),
      tokens: window.tokens === null ? 0 : sumAt(window.tokens, at),
      sequenceFrom,
    };
    sequenceFrom += found.length;
    return [dropped];
  });
};
