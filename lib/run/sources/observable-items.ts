import type { InteropObservable, Observer, Subscribable, Unsubscribable } from 'rxjs';

/** Whatever pushes: an Observable of RxJS or of another library, by its `Symbol.observable`, `@@observable` or `subscribe`. */
export type ObservableItems<Item> = Subscribable<Item> | InteropObservable<Item> | { readonly '@@observable': () => Subscribable<Item> };

/** What a job may take its items from. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item> | ObservableItems<Item>;

export const isObservable = <Item>(items: Items<Item>): items is ObservableItems<Item> =>
  !(Symbol.iterator in items) && !(Symbol.asyncIterator in items);

/**
 * Subscribes, and hands out what was pushed one by one. What nobody has asked for yet waits in memory, without a bound: an Observable cannot be
 * slowed down. Its error comes behind what it pushed before. `return` unsubscribes, and fails whoever still waits.
 */
export const iterateObservable = <Item>(items: ObservableItems<Item>): AsyncIterator<Item, undefined> => {
  let pushed: Item[] = [];
  let taking: readonly Item[] = [];
  let taken = 0;
  let end: 'complete' | { readonly error: unknown } | null = null;
  let wake: (() => void) | null = null;
  const rouse = (): void => {
    wake?.();
    wake = null;
  };
  const finish = (how: 'complete' | { readonly error: unknown }): void => {
    end ??= how;
    rouse();
  };
  const subscription = subscribe(items, {
    next: (item) => {
      if (end !== null) return;
      pushed.push(item);
      rouse();
    },
    error: (error: unknown) => finish({ error }),
    complete: () => finish('complete'),
  });
  const over: IteratorResult<Item, undefined> = { done: true, value: undefined };
  return {
    next: async () => {
      for (;;) {
        // By whole arrays: taking the first of a long one again and again would move the others each time.
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

const subscribe = <Item>(items: ObservableItems<Item>, observer: Observer<Item>): Unsubscribable | undefined => {
  const by = ['@@observable', (Symbol as { readonly observable?: symbol }).observable].find(
    (name) => name !== undefined && typeof (items as Record<PropertyKey, unknown>)[name] === 'function',
  );
  const source = by === undefined ? items : (items as Record<PropertyKey, () => unknown>)[by]?.();
  // Others answer with a function, or with nothing.
  const subscribed = (source as { subscribe(observer: Observer<Item>): Subscribed }).subscribe(observer);
  return typeof subscribed === 'function' ? { unsubscribe: subscribed } : subscribed;
};

/** Items as they can be asked for. An Observable is subscribed to at the first question, and runs once. */
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
