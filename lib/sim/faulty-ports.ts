import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Event } from '../core/model/event.ts';
import type { RunId } from '../core/values/ids.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { ProviderConnection } from '../ports/provider.ts';
import type { OwnedRun, RunReader, RunStore, Storage } from '../ports/run-store.ts';
import type { SimulatedProcess } from './process.ts';

/** Observes a simulated process. */
export interface Observer {
  committed(runId: RunId, events: readonly Event[]): void;
  /** The process owns this run now, according to the store. */
  owned(run: OwnedRun): void;
}

/**
 * A storage whose every call goes through the process, which may be killed around the call. The
 * engine does not notice.
 */
export const faultyStorage = (
  storage: Storage<'local'>,
  process: SimulatedProcess,
  observer: Observer,
): Storage<'local'> => ({
  scope: 'local',
  describe: storage.describe,
  open: (options) =>
    TE.Monad.map(
      () => process.call('storage.open', storage.open(options)),
      (store) => faultyStore(store, process, observer),
    ),
});

const faultyStore = (store: RunStore, process: SimulatedProcess, observer: Observer): RunStore => {
  const calls = through(store, 'store', process);
  const owned = (run: OwnedRun): OwnedRun => {
    observer.owned(run);
    return faultyRun(run, process, observer);
  };
  return {
    ...bound(calls, ['peek', 'list', 'send', 'remove', 'adoptable', 'close']),
    describe: store.describe,
    // Simulated processes die in the middle of it, and the names of one that is killed would stay.
    alone: (_names, work) => async () => ({ _tag: 'Right', right: await work() }),
    own: (runId) => TE.Monad.map(calls.own(runId), owned),
    create: (runId, description) => TE.Monad.map(calls.create(runId, description), owned),
    read: (runId, options) =>
      TE.Monad.map(calls.read(runId, options), (reader): RunReader =>
        through(reader, 'reader', process, {
          artifacts: faultyArtifacts(reader.artifacts, process),
        }),
      ),
  };
};

const faultyRun = (run: OwnedRun, process: SimulatedProcess, observer: Observer): OwnedRun => {
  const commit: OwnedRun['commit'] = (expectedVersion, events, guard) => {
    const committing = run.commit(expectedVersion, events, guard);
    return () =>
      process.call('run.commit', async () => {
        const committed = await committing();
        if (committed._tag === 'Right') observer.committed(run.runId, events);
        return committed;
      });
  };
  return through(run, 'run', process, {
    commit,
    artifacts: faultyArtifacts(run.artifacts, process),
  });
};

const faultyArtifacts = (artifacts: ArtifactStore, process: SimulatedProcess): ArtifactStore => {
  const calls = through(artifacts, 'artifacts', process);
  return {
    ...bound(calls, [
      'put',
      'readSpans',
      'size',
      'list',
      'remove',
      ...(artifacts.check === undefined ? [] : (['check'] as const)),
    ]),
    describe: artifacts.describe,
    read: (name, span) =>
      TE.Monad.map(calls.read(name, span), (chunks) => faultyChunks(chunks, process)),
  };
};

/**
 * A connection whose calls go through the process: a killed process sends nothing, and receives no
 * answers.
 */
export const faultyConnection = (
  connection: ProviderConnection,
  process: SimulatedProcess,
): ProviderConnection => ({
  name: connection.name,
  kind: connection.kind,
  connect(config) {
    const port = connection.connect(config);
    const calls = through(port, 'provider', process);
    return {
      ...bound(calls, [
        'check',
        'upload',
        'mark',
        'create',
        'sweep',
        'deleteFile',
        'identify',
        'describe',
        'observe',
        'cancel',
        'renderer',
        'readVerdict',
        'readContent',
        'readRequest',
        'renderRequest',
        'raiseOutputTokens',
        'stampCustomIds',
      ]),
      download: (fileId) =>
        TE.Monad.map(calls.download(fileId), ({ bytes, chunks }) => ({
          bytes,
          chunks: faultyChunks(chunks, process),
        })),
    };
  },
});

const faultyChunks = (
  chunks: AsyncIterable<Uint8Array>,
  process: SimulatedProcess,
): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]() {
    const iterator = chunks[Symbol.asyncIterator]();
    return {
      next: () => process.call('chunk', () => iterator.next()),
      return: () =>
        process.call(
          'chunk',
          async () => (await iterator.return?.()) ?? { done: true, value: undefined },
        ),
    };
  },
});

/**
 * A port whose methods go through the process, except those in `anew`. Plain properties are read as
 * they are.
 */
const through = <Port extends object>(
  port: Port,
  name: string,
  process: SimulatedProcess,
  anew: Partial<Port> = {},
): Port =>
  new Proxy(port, {
    get(target, key) {
      if (Object.hasOwn(anew, key)) return Reflect.get(anew, key) as unknown;
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const call = `${name}.${String(key)}`;
      return (...given: readonly unknown[]): unknown => {
        const act = (): unknown => Reflect.apply(member, target, given);
        // `close` acts when it is called. Other methods return a task that acts when it is run, or
        // a plain value.
        if (key === 'close') return process.call(call, async () => act());
        const returned = act();
        return typeof returned === 'function' && returned.length === 0
          ? () => process.call(call, returned as () => Promise<unknown>)
          : returned;
      };
    },
  });

/** These members, as far as the port has them, as a new object: a proxy cannot be spread. */
const bound = <Port extends object, Key extends keyof Port>(
  port: Port,
  keys: readonly Key[],
): Pick<Port, Key> =>
  Object.fromEntries(
    keys.flatMap((key) => (port[key] === undefined ? [] : [[key, port[key]]])),
  ) as Pick<Port, Key>;
