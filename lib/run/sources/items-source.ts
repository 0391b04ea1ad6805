import type { JsonObject } from '../../core/json/json.ts';
import type { BatchItem, CheckpointedItemSource, SourceRow } from '../../ports/source.ts';
import { isObservable, type Items, iterateObservable } from './observable-items.ts';
import { createSinglePass, isStream, type SinglePass, tooFew } from './single-pass.ts';

const sliceRows = 1_000;
const ref = 'items';

/**
 * In-memory items as a source: positions count items. It can be read again only as far as the items can; a resumed run skips
 * what it has, and compares the last row.
 */
export const itemsSource = (items: Items<BatchItem>): CheckpointedItemSource<unknown, JsonObject, number> => ({
  kind: 'items',
  ref,
  fingerprint: () => Promise.resolve('in-process'),
  async *read(from, { signal }) {
    signal.throwIfAborted();
    const skip = from ?? 0;
    const pass = singlePassOf(items);
    // An Observable that ended or failed may be subscribed to again; a generator stays over.
    const end = (): void => {
      pass?.end();
      if (isObservable(items)) passes.delete(items);
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      yield* inSlices(
        pass === null ? (items as Iterable<BatchItem>) : pass.from(skip),
        pass === null ? 0 : skip,
        skip,
        Symbol.iterator in items,
      );
    } catch (error) {
      if (isObservable(items)) passes.delete(items);
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
  },
});

async function* inSlices(
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  first: number,
  skip: number,
  isSync: boolean,
): AsyncGenerator<SourceRow<unknown, JsonObject, number>[]> {
  let index = first;
  let slice: SourceRow<unknown, JsonObject, number>[] = [];
  try {
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
  } catch (error) {
    // A failure comes behind the items that were given before it.
    if (slice.length > 0) yield slice;
    throw error;
  }
  if (slice.length > 0) yield slice;
  if (index < skip) throw tooFew(ref, index, skip);
}

/** By the items themselves: whoever reads them again, for a quote or a second run, is told that they came already. */
const passes = new WeakMap<object, SinglePass>();

/** Null for items that can be iterated as often as somebody likes. */
const singlePassOf = (items: Items<BatchItem>): SinglePass | null => {
  const known = passes.get(items);
  if (known !== undefined) return known;
  const iterator = onlyIterator(items);
  if (iterator === null) return null;
  const pass = createSinglePass(iterator, ref);
  passes.set(items, pass);
  return pass;
};

const onlyIterator = (items: Items<BatchItem>): Iterator<BatchItem> | AsyncIterator<BatchItem> | null => {
  if (isObservable(items)) return iterateObservable(items);
  const iterator = Symbol.iterator in items ? items[Symbol.iterator]() : items[Symbol.asyncIterator]();
  // A generator is its own iterator; a collection makes one for everybody who asks.
  return (iterator as unknown) === items || isStream(items) ? iterator : null;
};
