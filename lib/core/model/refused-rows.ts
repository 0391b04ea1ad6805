import type { BatchKey } from '../values/ids.ts';

/**
 * Rows whose lines the provider refused before their batch was created: they fail once they are
 * read, and are not sent again.
 */
export interface RefusedRows {
  readonly batchKey: BatchKey;
  readonly batchNo: number;
  /** `codeOfFailure` of each. */
  readonly code: number;
  readonly indexes: readonly number[];
}

/** What is still to be dropped once these rows are. */
export const refusedAfter = (
  refused: readonly RefusedRows[],
  batchKey: BatchKey,
  dropped: ArrayLike<number>,
): readonly RefusedRows[] => {
  const gone = new Set(Array.from(dropped));
  return refused.flatMap((rows) => {
    const indexes =
      rows.batchKey === batchKey ? rows.indexes.filter((index) => !gone.has(index)) : rows.indexes;
    return indexes.length === 0 ? [] : [{ ...rows, indexes }];
  });
};
