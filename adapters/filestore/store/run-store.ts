import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { RunStore } from '../../../lib/ports/run-store.ts';
import { ioError, isFolder } from '../../filesystem/index.ts';
import { nodeDisk } from '../disk/disk.ts';
import { holdsRun } from '../journal/history.ts';
import { putCommand } from '../disk/inbox.ts';
import type { SessionClient } from '../worker/session-client.ts';
import {
  createOwnershipTracker,
  type Ownership,
  type OwnershipTracker,
} from '../ownership/ownership.ts';
import { forgetRun } from '../quota/reservation-file.ts';
import { createStoreCare } from '../repair/store-care.ts';
import { createOpenRuns } from './open-runs.ts';
import { createRunList } from './run-list.ts';
import { workAlone } from './work-alone.ts';
import { createStoreFolder, type StoreFolder } from './store-folder.ts';

export interface RunStoreOptions {
  /** An absolute path. */
  readonly dir: string;
  readonly checkpointRows: number;
  readonly client: SessionClient;
}

/** A run store with one folder per run. */
export const createRunStore = ({ dir, checkpointRows, client }: RunStoreOptions): RunStore => {
  const owners = createOwnershipTracker();
  const folders = createStoreFolder(dir);
  const { folderOf, onFolder, existing } = folders;
  const runs = createOpenRuns({ folders, checkpointRows, client, owners });
  return {
    describe: `file store ${dir}`,
    own: (runId) =>
      pipe(
        existing(runId),
        TE.chain(() => onFolder('own', runId, owners.take)),
        TE.chain((ownership) => runs.openOwned(runId, ownership)),
      ),
    create: (runId, description) =>
      pipe(
        onFolder('create', runId, (folder) => takeNew(folders, owners, runId, folder)),
        TE.chain((ownership) => runs.openOwned(runId, ownership, { description })),
      ),
    read: runs.read,
    ...createRunList(folders, owners, runs),
    send: (runId, command) =>
      pipe(
        existing(runId),
        TE.chain((folder) =>
          TE.tryCatch(
            () => putCommand(folder, command),
            (cause) => ioError('send a command to', folder, cause),
          ),
        ),
      ),
    remove: (runId) =>
      onFolder('remove', runId, (folder) => removeWhole(folders, owners, runId, folder)),
    alone: (names, work) => workAlone(dir, owners, names, work),
    care: createStoreCare({ disk: nodeDisk, owners, folderOf, runIds: folders.runIds() }),
    async close() {
      await runs.closeAll();
      await client.close();
    },
  };
};

/** Takes the folder of a run that does not exist yet. */
const takeNew = (
  { dir, folderOf }: StoreFolder,
  owners: OwnershipTracker,
  runId: RunId,
  folder: string,
): E.Either<PortError, Ownership> => {
  const taken: PortError = {
    type: 'refused',
    message: `run ${runId} exists in ${dir}`,
    statusCode: null,
    requestId: null,
  };
  if (!isFolder(folder)) {
    if (existsSync(folder)) return E.left(blocked(folder));
    // A removal that was interrupted may have left reservation files of an earlier run with this
    // id.
    forgetRun(dir, folderOf);
  }
  const known = isFolder(folder) ? holdsRun(folder) : E.right(false);
  if (E.isLeft(known) || known.right) return E.isLeft(known) ? known : E.left(taken);
  const ownership = owners.take(folder);
  if (E.isLeft(ownership)) return ownership;
  // Checks again under the lock: another process may have created and closed the run in between.
  const now = holdsRun(folder);
  if (E.isRight(now) && !now.right) return ownership;
  ownership.right.release();
  return E.isLeft(now) ? now : E.left(taken);
};

const blocked = (folder: string): PortError => ({
  type: 'unavailable',
  message: `${folder} is not a folder, and the run would be stored there: move it away, or choose another run id`,
  cause: null,
});

/**
 * Takes ownership first, so that no other process owns the run while it is removed. One rename
 * hides the run; then its files are deleted.
 */
const removeWhole = (
  { dir, folderOf, unknown }: StoreFolder,
  owners: OwnershipTracker,
  runId: RunId,
  folder: string,
): E.Either<PortError, void> => {
  if (!isFolder(folder)) return E.left(unknown(runId));
  const ownership = owners.take(folder);
  if (E.isLeft(ownership)) return ownership;
  const aside = join(dir, 'runs', `.removed-${randomBytes(8).toString('hex')}`);
  renameSync(folder, aside);
  ownership.right.release();
  rmSync(aside, { recursive: true, force: true });
  forgetRun(dir, folderOf);
  return E.right(undefined);
};
