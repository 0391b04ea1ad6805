import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { RowPage } from '../../lib/ports/row-query.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import { memoryArtifacts } from '../../lib/sim/store/memory-artifacts.ts';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import { artifactCases, type ContractCase, runStoreCases } from '../../lib/testing/index.ts';

/** The same, but for these members. */
const overriding = <A extends object>(target: A, members: Partial<A>): A =>
  new Proxy(target, {
    get: (of, name) => {
      if (Reflect.has(members, name)) return Reflect.get(members, name) as unknown;
      const member: unknown = Reflect.get(of, name, of);
      return typeof member === 'function' ? (member.bind(of) as unknown) : member;
    },
  });

type ArtifactBug = (store: ArtifactStore) => Partial<ArtifactStore>;
const artifactBugs: Readonly<Record<string, ArtifactBug>> = {
  'returns what was put, whatever its chunks were': (store) => ({
    put: (name, chunks) => store.put(name, firstOf(chunks)),
  }),
  'keeps what it was given, though the source writes into its buffer again': (store) => ({
    put: (name, chunks) => () => allOf(chunks).then((all) => store.put(name, all)()),
  }),
  'reads a large object in chunks of at most about a megabyte': (store) => ({
    read: (name, span) => TE.map(joined)(store.read(name, span)),
  }),
  'reads spans in the order asked for': (store) => ({
    readSpans: (name, spans) =>
      store.readSpans(
        name,
        [...spans].sort((a, b) => a.offset - b.offset),
      ),
  }),
  'refuses to put under a name that is taken, and leaves what is there': (store) => ({
    put: (name, chunks) => TE.Monad.chain(store.remove(name), () => store.put(name, chunks)),
  }),
  'lets one of several win who put under one name at once': (store) => ({
    put: (name, chunks) => TE.orElse(() => TE.right({ bytes: 9 }))(store.put(name, chunks)),
  }),
  'leaves nothing of an object whose bytes broke off': (store) => ({
    put: (name, chunks) => store.put(name, silently(chunks)),
  }),
  'answers not_found for what is not there, and corrupt for a span that leaves the object': (
    store,
  ) => ({
    readSpans: (name, spans) =>
      TE.orElse(() => TE.right<never, readonly Uint8Array[]>([]))(store.readSpans(name, spans)),
  }),
  'lists names under a prefix in code-unit order, with sizes': (store) => ({
    list: (prefix) =>
      TE.map((all: readonly object[]) => all.toReversed() as never)(store.list(prefix)),
  }),
  'never gives out bytes that were changed behind its back, and says where they lie': () => ({}),
  'removes, and takes absence for success': (store) => ({
    remove: (name) => TE.Monad.chain(store.read(name), () => store.remove(name)),
  }),
};

async function* firstOf(chunks: Parameters<ArtifactStore['put']>[1]): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) return yield chunk;
}
async function* silently(chunks: Parameters<ArtifactStore['put']>[1]): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch {
    // As if that had been all.
  }
}
const allOf = async (chunks: Parameters<ArtifactStore['put']>[1]): Promise<Uint8Array[]> => {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
};
async function* joined(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(await allOf(chunks));
}

interface StoreBug {
  readonly store?: (store: RunStore) => Partial<RunStore>;
  /** Of runs that are created or owned. */
  readonly run?: (run: OwnedRun) => Partial<OwnedRun>;
  readonly claimsToStandStill?: true;
}

const changedRows = (change: (page: RowPage) => object): StoreBug => ({
  run: (run) => ({
    rows: (query) => TE.map((page: object) => change(page as RowPage) as never)(run.rows(query)),
  }),
});
const othersHoldNothing: StoreBug = {
  run: () => ({
    othersInScope: () => TE.right({ tokens: 0, requests: 0, stated: null, wants: [] }),
  }),
};
const forgetsGuard: StoreBug = {
  run: (run) => ({ commit: (version, events) => run.commit(version, events) }),
};

const storeBugs: Readonly<Record<string, StoreBug>> = {
  'holds no run before its RunCreated is committed': {
    store: () => ({ list: () => TE.right([{ runId: 'run' }] as never) }),
  },
  'refuses an event that creates another run': {
    run: (run) => ({ commit: () => TE.right(run.snapshot) }),
  },
  'refuses to create a run that exists': {
    store: (store) => ({
      create: (id, description) => TE.orElse(() => store.own(id))(store.create(id, description)),
    }),
  },
  'knows no run that was never created': {
    store: (store) => ({ own: (id) => store.create(id, null) }),
  },
  'keeps the job description with the run': {
    store: (store) => ({ create: (id) => store.create(id, null) }),
  },
  'has one owner for a run, and epochs that rise': {
    store: (store) => ({
      peek: (id) =>
        TE.map((listed: object) => ({ ...listed, owner: null }) as never)(store.peek(id)),
    }),
  },
  'refuses a commit that was decided on another version, and changes nothing': {
    run: (run) => ({
      commit: (_, events, guard) => run.commit(run.snapshot.version, events, guard),
    }),
  },
  'refuses whole what would move other rows than it claims': {
    run: (run) => ({
      commit: (version, events) =>
        TE.orElse(() => TE.right(run.snapshot))(run.commit(version, events)),
    }),
  },
  'shows results where their lines lie, and bad rows at once': changedRows((page) => ({
    ...page,
    answers: { ...page.answers, offsets: Array.from(page.answers?.offsets ?? [], (at) => at + 1) },
  })),
  'answers every question about rows, batches and events as the events say, to owners and readers, also when opened again':
    { run: (run) => ({ rows: ({ status: _, ...query }) => run.rows(query) }) },
  'shows a reader what the owner has committed since': {
    store: (store) => ({
      read: (id) =>
        TE.map((reader: object) => {
          const { snapshot } = reader as OwnedRun;
          return overriding(reader as OwnedRun, { snapshot, refresh: () => TE.right(snapshot) });
        })(store.read(id)),
    }),
  },
  'lists runs, the newest first, with who drives them': {
    store: (store) => ({
      list: () => TE.map((all: readonly object[]) => all.toReversed() as never)(store.list()),
    }),
  },
  'hands commands to the owner, oldest first, until they are removed': {
    run: (run) => ({
      inbox: () => TE.map((all: readonly object[]) => all.toReversed() as never)(run.inbox()),
    }),
  },
  'removes a run that has no owner, and nothing less than all of it': {
    store: () => ({ remove: () => TE.right(undefined) }),
  },
  'keeps the objects of a run that events name, when it is owned again': {
    run: () => ({ artifacts: memoryArtifacts() }),
  },
  'names the runs that have no owner and pending work by then': {
    store: () => ({ adoptable: () => TE.right([]) }),
  },
  'names a run whose last commit lies ahead of the clock: the clock went back since': {
    store: (store) => ({
      adoptable: (nowMs, limit) => store.adoptable(Math.max(nowMs, 1_000_001), limit),
    }),
  },
  'keeps item ids whatever they hold, and knows them again': changedRows((page) => ({
    ...page,
    ids: page.ids?.map((id) => id.replaceAll('\0', '')),
  })),
  'keeps how many inputs each request has, and says nothing where each has one': changedRows(
    (page) => ({ ...page, sizes: { ...page.sizes, inputs: null } }),
  ),
  'keeps words of the world whatever they hold': {
    run: () => ({ eventsAfter: () => TE.right([]) }),
  },
  'shows a run that moves to a reader that was asked to stand still as it was': {
    claimsToStandStill: true,
  },
  'lets one do its work under a name at a time, whichever process the other is in': {
    store: () => ({ alone: (_, work) => TE.fromTask(work) }),
  },
  'shows what a run holds to the others of its scope, and to them alone': othersHoldNothing,
  'refuses a commit that was decided when others held less, whole, and takes it when it is decided again':
    forgetsGuard,
  'refuses by the guard what takes no capacity, too': forgetsGuard,
  'frees what is settled, dropped, finished or removed': othersHoldNothing,
  'moves what a run holds when its scope changes': othersHoldNothing,
  'counts what a run without an owner holds, until its batches are over in any case':
    othersHoldNothing,
  'tells what a provider has said of the queue, when the run is over too': othersHoldNothing,
  'reports what a run waits for, while it checks for it, and no longer': othersHoldNothing,
  'still knows what runs hold when it is opened again, whichever process owns them':
    othersHoldNothing,
  'gives the capacity to one at most of runs that plan at the same moment': forgetsGuard,
  'never lets runs that plan at once hold more together than they share, and lets each come to its end':
    forgetsGuard,
};

const buggyStore = ({ store: ofStore, run: ofRun, claimsToStandStill }: StoreBug) => ({
  create: () => {
    const storage = memoryStore();
    const buggy = (run: OwnedRun): OwnedRun =>
      ofRun === undefined ? run : overriding(run, ofRun(run));
    return Promise.resolve({
      open: async () => {
        const opened = await storage.open()();
        if (opened._tag === 'Left') throw new Error(opened.left.type);
        const store = opened.right;
        const changed = ofStore?.(store) ?? {};
        return overriding(store, {
          ...changed,
          create: (id, description) =>
            TE.map(buggy)((changed.create ?? store.create)(id, description)),
          own: (id) => TE.map(buggy)((changed.own ?? store.own)(id)),
        });
      },
      canStandStill: claimsToStandStill === true,
      dispose: () => Promise.resolve(),
    });
  },
});

/** Fails unless the kit finds the law broken. */
const expectFound = async (cases: readonly ContractCase[], law: string): Promise<void> => {
  const found = cases.find(({ name }) => name === law) ?? expect.fail(`no case: ${law}`);
  const thrown = await found.run().then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toMatchObject({ name: 'AssertionError' });
};

describe('a planted artifact store', () => {
  const casesOf = (bug: ArtifactBug) => {
    const open = () => {
      const artifacts = memoryArtifacts();
      return Promise.resolve({
        artifacts: overriding(artifacts, bug(artifacts)),
        damage: () => Promise.resolve(),
        dispose: () => Promise.resolve(),
      });
    };
    return artifactCases({ open });
  };

  it.each(Object.keys(artifactBugs))('breaks the law, and the kit says so: %s', (law) =>
    expectFound(casesOf(artifactBugs[law] ?? (() => ({}))), law),
  );

  it('is there for each law', () => {
    expect(Object.keys(artifactBugs)).toEqual(casesOf(() => ({})).map(({ name }) => name));
  });
});

describe('a planted run store', () => {
  it.each(Object.keys(storeBugs))('breaks the law, and the kit says so: %s', (law) =>
    expectFound(runStoreCases(buggyStore(storeBugs[law] ?? {})), law),
  );

  it('is there for each law but one: news that never come take a minute to miss', () => {
    const laws = runStoreCases(buggyStore({})).map(({ name }) => name);
    expect(laws.filter((law) => storeBugs[law] === undefined)).toEqual([
      'says what happened to runs, where it can',
    ]);
  });
});
