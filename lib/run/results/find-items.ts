import { addIdHash, noIdHashes, rowsLike } from '../../core/source/id-hashes.ts';
import type { ResultRef, RunReader } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';

/** Finds results by item id. */
export type FindResults = (itemIds: readonly string[]) => Promise<readonly (ResultRef | null)[]>;

const pageRows = 5_000;
/** Results within this many rows are read together. */
const stretchRows = 1_000;

/**
 * Finds results by id, in the given order; null for an unknown or unfinished item. The first call
 * reads all ids of the run and holds 24 bytes for each. Each call reads the rows near those found.
 */
export const createResultFinder = (reader: () => RunReader): FindResults => {
  const hashes = noIdHashes();
  let next = 0;
  const learn = async (): Promise<void> => {
    const source = reader();
    for (;;) {
      const rows = await must(source.rows(next, pageRows), { runId: source.runId });
      for (const { itemId, index } of rows) {
        if (index < next) continue;
        addIdHash(hashes, itemId, index);
        next = index + 1;
      }
      if (rows.length < pageRows) return;
    }
  };
  let learning: Promise<void> | null = null;
  return async (itemIds) => {
    await (learning ??= learn());
    const source = reader();
    const like = itemIds.map((id) => rowsLike(hashes, id));
    const refs = await refsAt(
      source,
      [...new Set(like.flat())].sort((a, b) => a - b),
    );
    return itemIds.map(
      (id, i) => like[i]?.map((index) => refs.get(index)).find((ref) => ref?.itemId === id) ?? null,
    );
  };
};

/** The results of these rows (ascending), without rows that have not ended. */
const refsAt = async (
  source: RunReader,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, ResultRef>> => {
  const found = new Map<number, ResultRef>();
  for (let at = 0; at < indexes.length;) {
    const from = indexes[at] as number;
    let last = at;
    while (last + 1 < indexes.length && (indexes[last + 1] as number) < from + stretchRows)
      last += 1;
    const until = indexes[last] as number;
    const { results } = await must(source.resultsByIndex(from, until - from + 1), {
      runId: source.runId,
    });
    for (const ref of results) if (ref.index <= until) found.set(ref.index, ref);
    at = last + 1;
  }
  return found;
};
