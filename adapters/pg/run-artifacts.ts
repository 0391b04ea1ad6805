import { isRight } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';

type Check = NonNullable<ArtifactStore['check']>;

/** Keeps the checksum support of a wrapped store. */
const checking = (
  store: ArtifactStore,
  wrap: (check: Check) => Check,
): Pick<ArtifactStore, 'check'> =>
  store.check === undefined ? {} : { check: wrap((name) => (store.check as Check)(name)) };

/** The objects of one run, under a prefix that no other run uses or used. */
export const artifactsOfRun = (store: ArtifactStore, prefix: string): ArtifactStore => ({
  describe: store.describe,
  put: (name, chunks) => store.put(prefix + name, chunks),
  read: (name, span) => store.read(prefix + name, span),
  readSpans: (name, spans) => store.readSpans(prefix + name, spans),
  ...checking(store, (check) => (name) => check(prefix + name)),
  size: (name) => store.size(prefix + name),
  list: (within) =>
    TE.Monad.map(store.list(prefix + within), (objects) =>
      objects.map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes })),
    ),
  remove: (name) => store.remove(prefix + name),
});

/**
 * The same, after `agree` has confirmed that this is the root of the store. In another root all
 * objects are missing, which looks like damage. A folder can be unmounted during a run and come
 * back empty, so `stands` is checked after a write, and before an object is reported missing.
 */
export const underRoot = (
  store: ArtifactStore,
  agree: Port<unknown>,
  stands: Port<void>,
): ArtifactStore => {
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
    put: (name, chunks) =>
      first(
        TE.Monad.chain(store.put(name, chunks), (written) => TE.Monad.map(stands, () => written)),
      ),
    read: (name, span) => found(store.read(name, span)),
    readSpans: (name, spans) => found(store.readSpans(name, spans)),
    ...checking(store, (check) => (name) => found(check(name))),
    size: (name) =>
      first(
        TE.Monad.chain(store.size(name), (bytes) =>
          bytes === null ? TE.Monad.map(stands, () => bytes) : TE.right(bytes),
        ),
      ),
    list: (within) => first(store.list(within)),
    remove: (name) => first(store.remove(name)),
  };
};

export const missingArtifacts = (describe: string): PortError => ({
  type: 'other_root',
  message: `${describe}: prompts and answers are in the artifacts of this store, and no artifact folder is configured`,
});

/**
 * For a store without configured artifacts: operations without payloads work, all others return the
 * error above.
 */
export const noArtifacts = (describe: string): ArtifactStore => {
  const refuse = (): TE.TaskEither<PortError, never> => TE.left(missingArtifacts(describe));
  return {
    describe: 'no artifacts',
    put: refuse,
    read: refuse,
    readSpans: refuse,
    size: refuse,
    list: refuse,
    remove: refuse,
  };
};
