import { batchKeyOfObject } from '../../core/settle/raw-object.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { type BatchFacts, noBatchFacts, type RowFacts } from '../../effects/results/results.ts';
import { type BatchFactsByKey, createBatchBook } from './batch-facts.ts';

/**
 * Current facts of rows that are not in their lines. Cheap to call per page while nothing changes.
 */
export const createRowFacts = (reader: () => RunReader): (() => Promise<RowFacts>) => {
  const book = createBatchBook();
  let batches: BatchFactsByKey | null = null;
  let byObject = new Map<string, BatchFacts>();
  return async () => {
    const source = reader();
    const read = await book.read(source);
    if (read !== batches) {
      batches = read;
      byObject = new Map();
    }
    const [known, found] = [read, byObject];
    return {
      prices: source.snapshot.config.operation.money.prices,
      batchOf: (object) => {
        const seen = found.get(object);
        if (seen !== undefined) return seen;
        const facts = known.get(batchKeyOfObject(object) ?? '') ?? noBatchFacts;
        found.set(object, facts);
        return facts;
      },
    };
  };
};
