import { Readable } from 'node:stream';
import { from, Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type BatchItem, SourceError } from '../../../lib/index.ts';
import { itemsSource } from '../../../lib/run/sources/items-source.ts';
import type { Items } from '../../../lib/run/sources/observable-items.ts';
import { createWorld, type World } from '../../../lib/sim/index.ts';
import { itemsOf, type Item, type Job, jobOf } from '../../support/sim/jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

const quick = { seed: 4, turnaroundMs: { min: 60_000, max: 120_000 } };

const jobWith = (world: World, items: Items<Item>, badRows: 'fail' | 'record' = 'record'): Job => ({
  ...(jobOf(world.connection, [], { maxRequests: 7 }, { badRows }) as Job & {
    readonly source?: never;
  }),
  items,
});

/** Every tenth row has no id. */
const withBad = itemsOf(30).map((item, i) => (i % 10 === 7 ? { ...item, itemId: '' } : item));

function* once<A>(values: readonly A[]): Generator<A> {
  yield* values;
}
async function* onceLater<A>(values: readonly A[]): AsyncGenerator<A> {
  for (const value of values) yield await Promise.resolve(value);
}

/** As libraries without RxJS make them. */
const observables: readonly [string, (values: readonly Item[]) => Items<Item>][] = [
  ['an Observable of RxJS', (values) => from(values)],
  ['an Observable of another library', (values) => ({ '@@observable': () => from(values) })],
  [
    'whatever has subscribe',
    (values) =>
      ({
        subscribe: (observer: { next(item: Item): void; complete(): void }) => {
          for (const value of values) observer.next(value);
          observer.complete();
          return () => undefined;
        },
      }) as unknown as Items<Item>,
  ],
];

describe('items that come once', () => {
  it.each<[string, (values: readonly Item[]) => Items<Item>]>([
    ['a generator', once],
    ['an async generator', onceLater],
    ['a stream of Node', (values) => Readable.from(values)],
    [
      'a stream of the web',
      (values) => Readable.toWeb(Readable.from(values)) as AsyncIterable<Item>,
    ],
    ...observables,
  ])('are all taken, whatever stops the reading: %s', async (_, make) => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobWith(world, make(withBad), 'fail'));
    expect(await world.settle(run)).toMatchObject({
      controlState: 'paused',
      controlReason: 'bad_rows',
      itemCount: 7,
    });
    await run.resume({ badRows: 'record' });
    expect(await world.settle(run)).toMatchObject({
      status: 'completed_with_failures',
      itemCount: 30,
      badRowCount: 3,
    });
    expect((await run.verify()).isSound).toBe(true);
  });

  it('that fail are not taken for exhausted when they are asked again', async () => {
    await using world = await createWorld(quick);
    const items = (function* () {
      yield* itemsOf(5);
      throw new Error('the tap broke');
    })();
    const run = await world.runner.start(jobWith(world, items));
    for (let time = 0; time < 2; time += 1) {
      expect(await world.settle(run)).toMatchObject({
        itemCount: 5,
        controlReason: 'source_unreadable',
        controlMessage: expect.stringContaining('the tap broke'),
      });
      await run.resume();
    }
  });

  it('are kept a few thousand back, and say so when they are wanted from farther', async () => {
    const source = itemsSource(once(itemsOf(30_000)));
    const { signal } = new AbortController();
    const read = async (position: number | null): Promise<readonly string[]> => {
      const ids: string[] = [];
      for await (const slice of source.read(position, { signal }))
        for (const entry of slice as readonly { readonly item: BatchItem }[])
          ids.push(entry.item.itemId);
      return ids;
    };
    expect(await read(null)).toHaveLength(30_000);
    expect((await read(29_000)).slice(0, 2)).toEqual(['id-29000', 'id-29001']);
    const error: unknown = await read(5).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(String(error)).toContain(
      'cannot continue from item 5: these items can be iterated only once, and were read up to 30000',
    );
  });

  it.each<[string, (values: readonly Item[]) => Items<Item>]>([
    ['an array', (values) => values],
    ['a generator', once],
  ])(
    'are not taken for read to their end where they are fewer than the rows that the run has: %s',
    async (_, make) => {
      const { signal } = new AbortController();
      const first = (count: number): Promise<unknown> =>
        itemsSource(make(itemsOf(count)))
          .read(5, { signal })
          [Symbol.asyncIterator]()
          .next();
      await expect(first(3)).rejects.toThrow('items: gave 3 items, but 5 were read before');
      expect(await first(5)).toEqual({ done: true, value: undefined });
    },
  );

  it('may throw when they are given up: the run hears nothing of it', async () => {
    const cleanUp = (): never => {
      throw new Error('cannot clean up');
    };
    const failing = new Observable<Item>((to) => {
      for (const item of itemsOf(3)) to.next(item);
      return cleanUp;
    });
    const cleaning = (function* () {
      try {
        yield* itemsOf(3_000);
      } finally {
        cleanUp();
      }
    })();
    const told: unknown[] = [];
    const hear = (error: unknown): void => void told.push(error);
    process.prependOnceListener('uncaughtException', hear);
    for (const items of [failing, cleaning]) {
      const abort = new AbortController();
      await itemsSource(items).read(null, abort)[Symbol.asyncIterator]().next();
      abort.abort();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('uncaughtException', hear);
    expect(told).toEqual([]);
  });

  it('may be iterated by others as often as they like where they are a collection', async () => {
    await using world = await createWorld(quick);
    const items = itemsOf(9);
    for (const name of ['one', 'two']) {
      const run = await world.runner.start({ ...jobWith(world, new Set(items)), name });
      expect(await world.settle(run)).toMatchObject({ status: 'completed', itemCount: 9 });
    }
  });
});

describe('an Observable of items', () => {
  it('is a source that cannot be read where it fails, behind the rows that it gave before', async () => {
    await using world = await createWorld(quick);
    const items = new Observable<Item>((subscriber) => {
      for (const item of itemsOf(4)) subscriber.next(item);
      subscriber.error(new Error('the socket closed'));
    });
    const run = await world.runner.start(jobWith(world, items));
    expect(await world.settle(run)).toMatchObject({
      controlState: 'paused',
      controlReason: 'source_unreadable',
      controlMessage: expect.stringContaining('the socket closed'),
      itemCount: 4,
    });
  });

  it('is subscribed to once, and no longer when the run has ended', async () => {
    await using world = await createWorld(quick);
    let subscribed = 0;
    let open = 0;
    const items = new Observable<Item>((subscriber) => {
      subscribed += 1;
      open += 1;
      for (const item of itemsOf(8)) subscriber.next(item);
      return () => {
        open -= 1;
      };
    });
    const run = await world.runner.start(jobWith(world, items));
    await world.advance(1_000);
    expect([subscribed, open]).toEqual([1, 1]);
    await run.cancel();
    await world.settle(run);
    expect([subscribed, open]).toEqual([1, 0]);
  });

  it('hands over a hundred thousand items that were pushed at once', async () => {
    const source = itemsSource(from(itemsOf(100_000)));
    let count = 0;
    for await (const slice of source.read(null, { signal: new AbortController().signal }))
      count += (slice as readonly unknown[]).length;
    expect(count).toBe(100_000);
  });

  it('waits for what is pushed later', async () => {
    const items = new Subject<Item>();
    const reading = itemsSource(items)
      .read(null, { signal: new AbortController().signal })
      [Symbol.asyncIterator]();
    const next = reading.next();
    const [first] = itemsOf(1);
    setTimeout(() => items.next(first as Item), 5);
    expect(await next).toMatchObject({ value: [{ item: { itemId: 'id-0' }, position: 1 }] });
    setTimeout(() => items.complete(), 5);
    expect(await reading.next()).toMatchObject({ done: true });
  });
});

describe('a source of one’s own', () => {
  /** Twenty rows in two pages, then none until it is told to stop. */
  const waiting = (closed: { count: number }): Job['source'] => ({
    kind: 'rows',
    ref: 'rows',
    fingerprint: () => Promise.resolve('f'),
    async *read(position, { signal }) {
      try {
        for (let i = Number(position ?? 0); i < 20; i += 1)
          yield { item: { itemId: `id-${i}`, payload: `${i}` }, position: i + 1 };
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('stopped'))),
        );
      } finally {
        closed.count += 1;
      }
    },
  });

  it.each(['cancelled', 'given back'])(
    'is closed when its run is %s, also while it is waited for',
    async (how) => {
      await using world = await createWorld(quick);
      const closed = { count: 0 };
      const { items: _none, ...job } = jobOf(world.connection, [], { maxRequests: 7 });
      const run = await world.runner.start({ ...job, source: waiting(closed) } as Job);
      await world.advance(20_000);
      expect(closed.count).toBe(0);
      if (how === 'cancelled') {
        await run.cancel();
        await world.settle(run);
      } else await world.runner.close();
      await waitFor('the source is closed', () => closed.count > 0);
      expect(closed.count).toBe(1);
    },
  );
});
