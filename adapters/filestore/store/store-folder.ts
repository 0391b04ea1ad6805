import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { isRunId, type RunId } from '../../../lib/core/values/ids.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import { ioError, isFolder } from '../../filesystem/index.ts';
import { runFolder } from '../disk/run-folder.ts';
import { holdsRun } from '../journal/history.ts';

/** The folders of a store's runs. */
export interface StoreFolder {
  /** An absolute path. */
  readonly dir: string;
  folderOf(runId: RunId): string;
  /** Acts on a run's folder; what the operating system throws becomes an I/O error. */
  onFolder<A>(
    doing: string,
    runId: RunId,
    act: (folder: string) => E.Either<PortError, A>,
  ): Port<A>;
  /** The folder of a run that exists; `not_found` otherwise. */
  existing(runId: RunId): Port<string>;
  unknown(runId: RunId): PortError;
  runIds(): Port<readonly RunId[]>;
}

export const createStoreFolder = (dir: string): StoreFolder => {
  const folderOf = (runId: RunId): string => runFolder(dir, runId);
  const unknown = (runId: RunId): PortError => ({
    type: 'not_found',
    message: `no run ${runId} in ${dir}`,
  });
  const onFolder: StoreFolder['onFolder'] = (doing, runId, act) =>
    TE.fromIOEither(() => {
      if (!isRunId(runId)) return E.left(badName(runId));
      const folder = folderOf(runId);
      try {
        return act(folder);
      } catch (cause) {
        return E.left(ioError(doing, folder, cause));
      }
    });
  return {
    dir,
    folderOf,
    onFolder,
    unknown,
    existing: (runId) =>
      onFolder('read', runId, (folder) =>
        pipe(
          isFolder(folder) ? holdsRun(folder) : E.right(false),
          E.chain((holds) => (holds ? E.right(folder) : E.left(unknown(runId)))),
        ),
      ),
    runIds: () => TE.fromIOEither(() => idsIn(dir)),
  };
};

const badName = (runId: string): PortError => ({
  type: 'refused',
  message: `${JSON.stringify(runId)} cannot name a run: 1 to 120 of A-Z a-z 0-9 . _ -, the first a letter or digit`,
  statusCode: null,
  requestId: null,
});

const idsIn = (dir: string): E.Either<PortError, readonly RunId[]> => {
  try {
    const runs = join(dir, 'runs');
    return E.right(
      existsSync(runs)
        ? readdirSync(runs)
            .filter(isRunId)
            .filter((name) => isFolder(join(runs, name)))
        : [],
    );
  } catch (cause) {
    return E.left(ioError('list', dir, cause));
  }
};
