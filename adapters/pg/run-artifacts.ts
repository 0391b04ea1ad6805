import { isRight } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';

type Check = NonNullable<ArtifactStore['check']>;

/** A store that keeps checksums goes on doing so behind another. */
const checking = (store: ArtifactStore, wrap: (check: Check) => Check): Pick<ArtifactStore, 'check'> =>
  store.check === undefined ? {} : { check: wrap((name) => (store.check as Check)(name)) };

/** The objects of one run: all names under a prefix that no other run has, nor had. */
export const artifactsOfRun = (store: ArtifactStore, prefix: string): ArtifactStore => ({
  describe: store.describe,
  put: (name, chunks) => store.put(prefix + name, chunks),
  read: (name, span) => store.read(prefix + name, span),
  readSpans: (name, spans) => store.readSpans(prefix + name, spans),
  ...checking(store, (check) => (name) => check(prefix + name)),
  size: (name) => store.size(prefix + name),
  list: (within) =>
    TE.Monad.map(store.list(prefix + within), (objects) => objects.map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes }))),
  remove: (name) => store.remove(prefix + name),
});

/**
 * The same, only once it is known to be the root that the runs lie under (`agree`): in another nothing is found, which looks like damage.
 * A folder can be unmounted below a process, and be made anew, empty: what was written counts only when the root still `stands` behind
 * it, and what is not there is missing only then.
 */
export const underRoot = (store: ArtifactStore, agree: Port<unknown>, stands: Port<void>): ArtifactStore => {
  const first = <A>(port: Port<A>): Port<A> => TE.Monad.chain(agree, () => port);
  const found =
    <A>(port: Port<A>): Port<A> =>
    async () => {
      const answer = await first(port)();
      if (isRight(answer) || answer.left.type !== 'not_found') return answer;
      const standing = await stands();
      return isRight(standing) ? answer : standing;
    };
  return {
    describe: store.describe,
    put: (name, chunks) => first(TE.Monad.chain(store.put(name, chunks), (written) => TE.Monad.map(stands, () => written))),
    read: (name, span) => found(store.read(name, span)),
    readSpans: (name, spans) => found(store.readSpans(name, spans)),
    ...checking(store, (check) => (name) => found(check(name))),
    size: (name) =>
      first(TE.Monad.chain(store.size(name), (bytes) => (bytes === null ? TE.Monad.map(stands, () => bytes) : TE.right(bytes)))),
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
