import type { InteropObservable, Observer, Subscribable, Unsubscribable } from 'rxjs';

/**
 * An Observable of RxJS or another library (`Symbol.observable`, `@@observable` or `subscribe`).
 */
export type ObservableItems<Item> =
  | Subscribable<Item>
  | InteropObservable<Item>
  | { readonly '@@observable': () => Subscribable<Item> };

/** The items of a job. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item> | ObservableItems<Item>;

export const isObservable = <Item>(items: Items<Item>): items is ObservableItems<Item> =>
  !(Symbol.iterator in items) && !(Symbol.asyncIterator in items);

/**
 * Subscribes and iterates over the pushed items. Items that were not pulled yet wait in memory,
 * without a bound, since an Observable cannot be slowed down. Its error comes after its items.
 * `return` unsubscribes, and fails pending calls.
 */
export const iterateObservable = <Item>(
  items: ObservableItems<Item>,
): AsyncIterator<Item, undefined> => {
  let pushed: Item[] = [];
  let taking: readonly Item[] = [];
  let taken = 0;
  let end: 'complete' | { readonly error: unknown } | null = null;
  let wake: (() => void) | null = null;
  const wakeReader = (): void => {
    wake?.();
    wake = null;
  };
  const finish = (how: 'complete' | { readonly error: unknown }): void => {
    end ??= how;
    wakeReader();
  };
  const subscription = subscribe(items, {
    next: (item) => {
      if (end !== null) return;
      pushed.push(item);
      wakeReader();
    },
    error: (error: unknown) => finish({ error }),
    complete: () => finish('complete'),
  });
  const over: IteratorResult<Item, undefined> = { done: true, value: undefined };
  return {
    next: async () => {
      for (;;) {
        // Swaps whole arrays, since shifting a long one item by item is quadratic.
        if (taken === taking.length && pushed.length > 0) [taking, taken, pushed] = [pushed, 0, []];
        if (taken < taking.length) return { done: false, value: taking[taken++] as Item };
        if (end === 'complete') return over;
        if (end !== null) throw (end as { readonly error: unknown }).error;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    return: () => {
      subscription?.unsubscribe();
      pushed = [];
      finish({ error: new Error('the run no longer reads these items') });
      return Promise.resolve(over);
    },
  };
};

type Subscribed = Unsubscribable | (() => void) | undefined;

const subscribe = <Item>(
  items: ObservableItems<Item>,
  observer: Observer<Item>,
): Unsubscribable | undefined => {
  const by = ['@@observable', (Symbol as { readonly observable?: symbol }).observable].find(
    (name) =>
      name !== undefined && typeof (items as Record<PropertyKey, unknown>)[name] === 'function',
  );
  const source = by === undefined ? items : (items as Record<PropertyKey, () => unknown>)[by]?.();
  // Other libraries return a function, or nothing.
  const subscribed = (source as { subscribe(observer: Observer<Item>): Subscribed }).subscribe(
    observer,
  );
  return typeof subscribed === 'function' ? { unsubscribe: subscribed } : subscribed;
};

/** Items as an iterable. Subscribes to an Observable on the first pull; it runs once. */
export const asIterable = <Item>(items: Items<Item>): Iterable<Item> | AsyncIterable<Item> => {
  if (!isObservable(items)) return items;
  let iterator: AsyncIterator<Item, undefined> | null = null;
  const once: AsyncIterableIterator<Item> = {
    next: () => (iterator ??= iterateObservable(items)).next(),
    return: async () => (await iterator?.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]: () => once,
  };
  return once;
};
