import type { JsonObject } from '../core/json.ts';
import type { BatchItem, CheckpointedItemSource, SourceRow } from '../ports/source.ts';

const sliceRows = 1_000;

/**
 * In-memory items as a source: positions count items. It can be read again only as far as the iterable can; a resumed run skips
 * what it has, and compares the last row.
 */
export const itemsSource = (
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
): CheckpointedItemSource<unknown, JsonObject, number> => ({
  kind: 'items',
  ref: 'items',
  fingerprint: () => Promise.resolve('in-process'),
  async *read(from) {
    const skip = from ?? 0;
    let index = 0;
    let slice: SourceRow<unknown, JsonObject, number>[] = [];
    const isSync = Symbol.iterator in items;
    for await (const item of items) {
      index += 1;
      if (index <= skip) continue;
      slice.push({ item, position: index });
      // Items that come one by one over time are not kept waiting for a full slice.
      if (!isSync || slice.length === sliceRows) {
        yield slice;
        slice = [];
      }
    }
    if (slice.length > 0) yield slice;
  },
});
