import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { RunStore, Storage } from '../../../lib/ports/run-store.ts';
import { ioError, makeFolder } from '../../filesystem/index.ts';
import type { KeeperClient } from '../worker/keeper-client.ts';
import { createRunStore } from './run-store.ts';
import { workerClient } from '../worker/worker-client.ts';

export interface SqljsStoreOptions {
  /** Where runs are kept; made when the store is opened. */
  readonly dir?: string;
  /** Rows changed between two checkpoints, at least; as many as the last one held, where that is more. More: cheaper to write, slower to open after a crash. */
  readonly checkpointRows?: number;
  /** How long a commit may wait for others to share its fsync; 0: only those that came while the last one synced. */
  readonly groupCommitMs?: number;
}

/** Runs in folders on this machine: journals, SQLite checkpoints and objects. Made for one writer per run, on a local disk. */
export const sqljsStore = (options: SqljsStoreOptions = {}): Storage<'local'> =>
  sqljsStoreOn(options, () => workerClient({ groupCommitMs: options.groupCommitMs ?? 0 }));

/** The same, with the keeping thread of the caller's choice: tests keep runs in their own thread, on disks that fail. */
export const sqljsStoreOn = (
  { dir = '.batchor', checkpointRows = 400_000 }: SqljsStoreOptions,
  client: () => KeeperClient,
): Storage<'local'> => {
  const root = resolve(dir);
  return {
    scope: 'local',
    describe: `file store ${root}`,
    open: (): Port<RunStore> =>
      TE.tryCatch(
        async () => {
          // A store that is there is opened without a change: a reader has none to make.
          if (!existsSync(join(root, 'runs'))) {
            await makeFolder(root);
            // Nothing in it is for version control; a file that is there is somebody's own.
            await writeFile(join(root, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined);
            await makeFolder(join(root, 'runs'));
          }
          return createRunStore({ dir: root, checkpointRows, client: client() });
        },
        (cause) => ioError('open the store at', root, cause),
      ),
  };
};
