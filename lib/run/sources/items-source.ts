import type { JsonObject } from '../../core/json/json.ts';
import type { BatchItem, CheckpointedItemSource, SourceRow } from '../../ports/source.ts';
import { isObservable, type Items, iterateObservable } from './observable-items.ts';
import { createSinglePass, isStream, type SinglePass, tooFew } from './single-pass.ts';

const sliceRows = 1_000;
const ref = 'items';

/**
 * In-memory items as a source. A checkpoint is a number of items. The items must be iterable again
 * for a resume, which skips the items it has and compares the last row.
 */
export const itemsSource = (
  items: Items<BatchItem>,
): CheckpointedItemSource<unknown, JsonObject, number> => ({
  kind: 'items',
  ref,
  fingerprint: () => Promise.resolve('in-process'),
  async *read(from, { signal }) {
    signal.throwIfAborted();
    const skip = from ?? 0;
    const pass = singlePassOf(items);
    // An Observable that has ended can be subscribed to again. A generator cannot.
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
      // Items that arrive over time do not wait for a full slice.
      if (!isSync || slice.length === sliceRows) {
        yield slice;
        slice = [];
      }
    }
  } catch (error) {
    // The items before an error come first.
    if (slice.length > 0) yield slice;
    throw error;
  }
  if (slice.length > 0) yield slice;
  if (index < skip) throw tooFew(ref, index, skip);
}

/**
 * Whether the items given to a start can be compared with those that a run has read, without taking
 * them from it. A generator can once its run needs no more of it (`isReadToEnd`), unless it is the
 * very one that was read. Observables and streams may be live: they are never asked.
 */
export const areComparable = (items: Items<BatchItem>, isReadToEnd: boolean): boolean => {
  if (isObservable(items) || isStream(items) || passes.has(items)) return false;
  if (isReadToEnd) return true;
  const iterator: unknown =
    Symbol.iterator in items ? items[Symbol.iterator]() : items[Symbol.asyncIterator]();
  return iterator !== items;
};

/** Passes by items object, so that a second reader of one-time items gets an error. */
const passes = new WeakMap<object, SinglePass>();

/** Null for items that can be iterated repeatedly. */
const singlePassOf = (items: Items<BatchItem>): SinglePass | null => {
  const known = passes.get(items);
  if (known !== undefined) return known;
  const iterator = onlyIterator(items);
  if (iterator === null) return null;
  const pass = createSinglePass(iterator, ref);
  passes.set(items, pass);
  return pass;
};

const onlyIterator = (
  items: Items<BatchItem>,
): Iterator<BatchItem> | AsyncIterator<BatchItem> | null => {
  if (isObservable(items)) return iterateObservable(items);
  const iterator =
    Symbol.iterator in items ? items[Symbol.iterator]() : items[Symbol.asyncIterator]();
  // A generator is its own iterator. A collection makes a new one for each call.
  return (iterator as unknown) === items || isStream(items) ? iterator : null;
};
