import type { JsonObject, JsonValue } from '../core/json/json.ts';
import { itemsSource } from '../run/sources/items-source.ts';
import { asIterable } from '../run/sources/observable-items.ts';
import type { AnyJob } from '../run/job/job.ts';
import type { BatchItem, CheckpointedItemSource, SourceEntry } from '../ports/source.ts';

type Item = BatchItem<unknown, JsonObject>;
type Entry = SourceEntry<unknown, JsonObject>;
type AnySource = CheckpointedItemSource<unknown, JsonObject>;

/** The same job over rows that can be read again after a crash; at most `itemsMax` of them. */
export const repeatable = ({ items, source, ...job }: AnyJob, itemsMax: number): AnyJob => ({
  ...job,
  source: firstOf(source ?? itemsSource(remembered(asIterable(items ?? []))), itemsMax),
});

/** Caches a generator's values, since it runs only once, and replays them to later readers. */
const remembered = (
  items: Iterable<Item> | AsyncIterable<Item>,
): Iterable<Item> | AsyncIterable<Item> => {
  if (Array.isArray(items)) return items;
  const known: Item[] = [];
  if (Symbol.iterator in items) {
    const iterator = items[Symbol.iterator]();
    return {
      *[Symbol.iterator]() {
        for (let at = 0; ; at += 1) {
          if (at === known.length) {
            const next = iterator.next();
            if (next.done === true) return;
            known.push(next.value);
          }
          yield known[at] as Item;
        }
      },
    };
  }
  const iterator = items[Symbol.asyncIterator]();
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; ; at += 1) {
        if (at === known.length) {
          const next = await iterator.next();
          if (next.done === true) return;
          known.push(next.value);
        }
        yield known[at] as Item;
      }
    },
  };
};

/** The source's first entries. Their stored positions include how many entries precede them. */
const firstOf = (source: AnySource, itemsMax: number): AnySource =>
  itemsMax === Infinity
    ? source
    : {
        kind: source.kind,
        ref: source.ref,
        fingerprint: (options) => source.fingerprint(options),
        async *read(from, options) {
          const start = from as { readonly count: number; readonly position: JsonValue } | null;
          let count = start?.count ?? 0;
          if (count >= itemsMax) return;
          for await (const read of source.read(start?.position ?? null, options)) {
            const entries = Array.isArray(read) ? (read as readonly Entry[]) : [read as Entry];
            const kept = entries.slice(0, itemsMax - count);
            yield kept.map((entry) => ({
              ...entry,
              position: { count: (count += 1), position: entry.position },
            }));
            if (count >= itemsMax) return;
          }
        },
      };
