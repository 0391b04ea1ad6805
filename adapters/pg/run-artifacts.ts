import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';

/** The objects of one run: all names under a prefix that no other run has, nor had. */
export const artifactsOfRun = (store: ArtifactStore, prefix: string): ArtifactStore => ({
  describe: store.describe,
  put: (name, chunks) => store.put(prefix + name, chunks),
  read: (name, span) => store.read(prefix + name, span),
  readSpans: (name, spans) => store.readSpans(prefix + name, spans),
  size: (name) => store.size(prefix + name),
  list: (within) =>
    TE.Monad.map(store.list(prefix + within), (objects) => objects.map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes }))),
  remove: (name) => store.remove(prefix + name),
});

/** The same, each time only once it is known to be the root that the runs lie under: in another nothing is found, which looks like damage. */
export const underRoot = (store: ArtifactStore, agree: Port<unknown>): ArtifactStore => {
  const first = <A>(port: Port<A>): Port<A> => TE.Monad.chain(agree, () => port);
  return {
    describe: store.describe,
    put: (name, chunks) => first(store.put(name, chunks)),
    read: (name, span) => first(store.read(name, span)),
    readSpans: (name, spans) => first(store.readSpans(name, spans)),
    size: (name) => first(store.size(name)),
    list: (within) => first(store.list(within)),
    remove: (name) => first(store.remove(name)),
  };
};

export const missingArtifacts = (describe: string): PortError => ({
  type: 'other_root',
  message: `${describe}: prompts and answers lie in the artifacts of this store, and it was not said where those are`,
});

/** Where nobody has said where payloads lie: what needs none can be done, and the rest says what is missing. */
export const noArtifacts = (describe: string): ArtifactStore => {
  const refuse = (): TE.TaskEither<PortError, never> => TE.left(missingArtifacts(describe));
  return { describe: 'no artifacts', put: refuse, read: refuse, readSpans: refuse, size: refuse, list: refuse, remove: refuse };
};
