import assert from 'node:assert/strict';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Event, itemStatuses, type RunId } from '../../core/internal.ts';
import type { RowPage, RowPart, RowQuery, RowSelection } from '../../ports/row-query.ts';
import type { OwnedRun, RunReader, RunStore, Storage } from '../../ports/run-store.ts';
import type { FaultScript } from '../../sim/provider/faults.ts';
import { memoryStore } from '../../sim/store/memory-store.ts';
import { createWorld } from '../../sim/world.ts';
import { plain, valueOf as ok } from '../check.ts';
import { type Draw, drawOf } from '../draw.ts';
import type { StoreContext, StoreLaw } from './store-law.ts';
import { runId } from './store-runs.ts';

/** Whole runs, commit by commit: what a store then answers is what the memory store answers. */
export const historyLaws = (seed: number): readonly StoreLaw[] => [
  {
    name: 'answers every question about rows, batches and events as the events say, to owners and readers, also when opened again',
    holds: (at) => replay(at, seed),
  },
];

/** Commits between two comparisons, of which every second is a reader's, and between openings. */
const comparedEvery = 9;
const reopenedEvery = 63;

const replay = async (at: StoreContext, seed: number): Promise<void> => {
  const commits = await commitsOf(seed);
  assert.ok(commits.length > 30, `a history of ${commits.length} commits proves little`);
  const reference = await ok((await ok(memoryStore().open())).create(runId, null));
  let run = await ok(at.store.create(runId, null));
  let reader: RunReader | null = null;
  const draw = drawOf(seed);
  let compared = 0;
  for (const [index, events] of commits.entries()) {
    const { version } = reference.snapshot;
    await ok(reference.commit(version, events));
    await ok(run.commit(version, events));
    if (index % reopenedEvery === reopenedEvery - 1) {
      await reader?.close();
      reader = null;
      await run.close();
      await at.reopen();
      run = await ok(at.store.own(runId));
    }
    if (index % comparedEvery !== 0 && index < commits.length - 1) continue;
    reader ??= await ok(at.store.read(runId));
    await ok(reader.refresh());
    const isReaders = index % (2 * comparedEvery) === 0;
    compared += await compare(isReaders ? reader : run, reference, draw);
  }
  await reader?.close();
  await run.close();
  assert.ok(compared > 100, `only ${compared} rows were compared`);
};

const faults: FaultScript = [
  { type: 'lose_create_reply', batch: 2 },
  { type: 'expires', batch: 3, completedRatio: 0.5 },
  { type: 'rows_fail', ratio: 0.2, statusCode: 500 },
  { type: 'rows_fail', ratio: 0.1, statusCode: 400 },
  { type: 'rows_missing', ratio: 0.1 },
];

/** Recorded once for all cases of a process. */
const recorded = new Map<number, ReturnType<typeof recordedCommits>>();
const commitsOf = (seed: number): ReturnType<typeof recordedCommits> => {
  const known = recorded.get(seed) ?? recordedCommits(seed);
  recorded.set(seed, known);
  return known;
};

/** The events of a simulated run, commit by commit. */
const recordedCommits = async (seed: number): Promise<readonly (readonly Event[])[]> => {
  const commits: (readonly Event[])[] = [];
  await using world = await createWorld({ seed, faults, storage: recording(commits) });
  const connection = world.connection({ model: 'model-1', pollIntervalMs: 1_800_000 });
  const run = await world.runner.start(
    {
      name: 'job',
      items: Array.from({ length: 40 }, (_, i) => ({
        itemId: `item-${i}`,
        // Some rows have the same request.
        payload: `Question ${i % 34}`,
      })),
      buildPrompt: ({ payload }: { readonly payload: string }) => payload,
      providerConfig: connection,
      chunkPolicy: { maxRequests: 9 },
    },
    { runId },
  );
  await world.settle(run);
  return commits;
};

/** A store in memory that notes what is committed to it. */
const recording = (commits: (readonly Event[])[]): Storage<'local'> => {
  const storage = memoryStore();
  const noting = (run: OwnedRun): OwnedRun =>
    overriding(run, {
      commit: (version, events, guard) =>
        TE.map((snapshot: OwnedRun['snapshot']) => {
          commits.push(events);
          return snapshot;
        })(run.commit(version, events, guard)),
    });
  return {
    ...storage,
    open: (options) =>
      TE.map((store: RunStore) =>
        overriding(store, {
          create: (id, description) => TE.map(noting)(store.create(id, description)),
          own: (id: RunId) => TE.map(noting)(store.own(id)),
        }),
      )(storage.open(options)),
  };
};

const overriding = <A extends object>(target: A, members: Partial<A>): A =>
  new Proxy(target, {
    get: (of, name) => {
      const own: unknown = Reflect.get(members, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(of, name, of);
      return typeof member === 'function' ? (member.bind(of) as unknown) : member;
    },
  });

const parts: readonly RowPart[] = [
  'ids',
  'states',
  'sizes',
  'sameAs',
  'requests',
  'items',
  'results',
  'answers',
];

/** Rows of the whole run, and of some questions; says how many were compared. */
const compare = async (run: RunReader, reference: RunReader, draw: Draw): Promise<number> => {
  assert.deepEqual(plain(run.snapshot), plain(reference.snapshot));
  let compared = 0;
  for (const query of [
    { select: { fromIndex: 0 }, limit: 1_000, parts },
    ...drawn(reference, draw),
  ]) {
    const wanted = await ok(reference.rows(query));
    const found = await ok(run.rows(query));
    const asked = `the answer to ${JSON.stringify(query)}`;
    assert.deepEqual(listed(found), listed(wanted), asked);
    const whole = await ok(reference.rows({ ...query, limit: 1_000 }));
    const hasMore = whole.indexes.length > query.limit;
    // A page may say that more come where none do, if it is full: the next one is empty.
    if (found.isLast) assert.equal(hasMore, false, `${asked} says that it is the last page`);
    else assert.equal(found.indexes.length, query.limit, `${asked} is not full, and not the last`);
    compared += wanted.indexes.length;
  }
  const from = draw.below(reference.snapshot.batchCount + 1) + 1;
  assert.deepEqual(
    records(await ok(run.batches(from, 4))),
    records(await ok(reference.batches(from, 4))),
  );
  const after = draw.below(40);
  assert.deepEqual(
    plain(await ok(run.eventsAfter(after, 9))),
    plain(await ok(reference.eventsAfter(after, 9))),
  );
  return compared;
};

const records = (batches: readonly { readonly indexes: ArrayLike<number> }[]): unknown =>
  batches.map((batch) => plain({ ...batch, indexes: Array.from(batch.indexes) }));

/** Questions of each kind that a run asks of its rows. */
const drawn = ({ snapshot }: RunReader, draw: Draw): readonly RowQuery[] => {
  const { itemCount } = snapshot.ingest;
  const some = (): readonly number[] =>
    Array.from({ length: draw.below(9) }, () => draw.below(itemCount + 3));
  const selections: readonly RowSelection[] = [
    { fromIndex: draw.below(itemCount + 2) },
    { fromIndex: draw.below(itemCount + 2), toIndex: draw.below(itemCount + 2) },
    { afterSequence: draw.below(snapshot.resultSequence + 2) },
    { indexes: [...new Set(some())] },
    { itemIds: [...new Set(some())].map((index) => `item-${index}`) },
    { waitingFor: [...new Set(some())] },
  ];
  return selections.map((select): RowQuery => {
    const [condition, limit] = [draw.below(4), 1 + draw.below(12)];
    const dueAtMs = snapshot.backoff[0]?.dueAtMs;
    return {
      select,
      limit,
      parts,
      ...(condition === 1 ? { status: [draw.oneOf(itemStatuses as never)] } : {}),
      ...(condition === 2 ? { batchNo: 1 + draw.below(snapshot.batchCount + 1) } : {}),
      ...(condition === 3 && dueAtMs !== undefined ? { dueAtMs } : {}),
    };
  });
};

/** A page by value, whatever its columns are made of. */
const listed = (page: RowPage): unknown => {
  const { sizes, requests, items, answers, isLast: _, ...others } = page as RowPage;
  const { length } = page.indexes;
  const zeros = new Array<number>(length).fill(0);
  const ones = new Array<number>(length).fill(1);
  const counts = { tokens: sizes.tokens ?? zeros, inputs: sizes.inputs ?? ones };
  return lists({
    ...others,
    sizes: { ...sizes, ...counts },
    requests: spans(requests),
    items: spans(items),
    answers: spans(answers),
  });
};

const spans = ({ objects, objectNos, offsets, lengths }: RowPage['requests']): unknown =>
  Array.from(objectNos, (no, i) =>
    no === 0 ? null : { object: objects[no - 1], offset: offsets[i], length: lengths[i] },
  );

/** Typed arrays as arrays, in every depth. */
const lists = (value: unknown): unknown => {
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint32Array);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, lists(each)]));
};
