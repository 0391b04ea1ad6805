import type { RefusedId, RefusedLine } from '../model/batch.ts';
import type { CustomIds } from '../values/custom-ids.ts';
import { type IndexSet, rankInIndexSet } from '../values/index-set.ts';

/**
 * What is said against lines, with those that were named by their ids at the lines where the batch
 * (`rows`) has them. An id that the batch does not hold is ignored. If an id and a line number
 * disagree, the id counts.
 */
export const withLinesOfIds = (
  said: readonly RefusedLine[],
  ids: readonly RefusedId[],
  rows: IndexSet,
  customIds: CustomIds,
): readonly RefusedLine[] => {
  const located = ids.flatMap(({ customId, line: stated, ...rest }) => {
    const index = customIds.indexOf(customId);
    const lineIndex = index === null ? -1 : rankInIndexSet(rows, index);
    return lineIndex < 0
      ? []
      : [{ stated, refused: { line: lineIndex + 1, ...rest } satisfies RefusedLine }];
  });
  const misnamed = new Set(located.map(({ stated }) => stated));
  const byLine = new Map(
    said.filter(({ line }) => !misnamed.has(line)).map((refused) => [refused.line, refused]),
  );
  for (const { refused } of located)
    if (!byLine.has(refused.line)) byLine.set(refused.line, refused);
  return [...byLine.values()].sort((a, b) => a.line - b.line);
};
