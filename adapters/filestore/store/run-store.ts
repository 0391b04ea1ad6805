import { existsSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { PortError, Port } from '../../../lib/ports/port-error.ts';
import type { RunStore, Storage } from '../../../lib/ports/run-store.ts';
import { ioError, isFolder } from '../../filesystem/index.ts';
import { nodeDisk } from '../disk/disk.ts';
import { holdsRun } from '../journal/history.ts';
import { putCommand } from '../disk/inbox.ts';
import { workerClient, type SessionClient } from '../worker/worker-client.ts';
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
import { makeFolder } from '../../../lib/disk/make-folder.ts';

/** Where the file store keeps runs, and how often it writes checkpoints. */
export interface SqljsStoreOptions {
  /** The folder for runs; created when the store is opened. */
  readonly dir?: string;
  /**
   * The least number of changed rows between two checkpoints; at least as many as the last
   * checkpoint held. Higher values make writing cheaper and opening after a crash slower.
   */
  readonly checkpointRows?: number;
  /**
   * How many milliseconds a commit may wait to share an fsync with others. 0 shares only among
   * commits that arrived during the last fsync.
   */
  readonly groupCommitMs?: number;
}

/**
 * Runs in folders on this machine: journals, SQLite checkpoints and objects. For one writer per
 * run, on a local disk.
 */
export const sqljsStore = (options: SqljsStoreOptions = {}): Storage<'local'> =>
  sqljsStoreOn(options, () => workerClient({ groupCommitMs: options.groupCommitMs ?? 0 }));

/**
 * The same store with a given worker client. Tests run it in their own thread, on disks that fail.
 */
export const sqljsStoreOn = (
  { dir = '.batchor', checkpointRows = 400_000 }: SqljsStoreOptions,
  client: () => SessionClient,
): Storage<'local'> => {
  const root = resolve(dir);
  return {
    scope: 'local',
    describe: `file store ${root}`,
    open: (): Port<RunStore> =>
      TE.tryCatch(
        async () => {
          // An existing store is opened without a change, so a reader needs no write access.
          if (!existsSync(join(root, 'runs'))) {
            await makeFolder(root);
            // Keeps the store out of version control. An existing .gitignore belongs to the user
            // and stays.
            await writeFile(join(root, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined);
            await makeFolder(join(root, 'runs'));
          }
          return createRunStore({ dir: root, checkpointRows, client: client() });
        },
        (cause) => ioError('open the store at', root, cause),
      ),
  };
};

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
