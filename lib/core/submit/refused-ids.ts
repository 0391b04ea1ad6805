import type { RefusedId, RefusedLine } from '../model/batch.ts';
import type { CustomIds } from '../values/custom-ids.ts';
import { type IndexSet, placeInIndexSet } from '../values/index-set.ts';

/**
 * What is said against lines, with those that were named by their ids at the lines where the batch (`rows`) has them. An id that the batch does not hold
 * says nothing; a number that stands beside an id and means another line gives way to it.
 */
export const withLinesOfIds = (
  said: readonly RefusedLine[],
  ids: readonly RefusedId[],
  rows: IndexSet,
  customIds: CustomIds,
): readonly RefusedLine[] => {
  const placed = ids.flatMap(({ customId, line: stated, ...told }) => {
    const index = customIds.indexOf(customId);
    const place = index === null ? -1 : placeInIndexSet(rows, index);
    return place < 0 ? [] : [{ stated, refused: { line: place + 1, ...told } satisfies RefusedLine }];
  });
  const misnamed = new Set(placed.map(({ stated }) => stated));
  const byLine = new Map(said.filter(({ line }) => !misnamed.has(line)).map((refused) => [refused.line, refused]));
  for (const { refused } of placed) if (!byLine.has(refused.line)) byLine.set(refused.line, refused);
  return [...byLine.values()].sort((a, b) => a.line - b.line);
};
