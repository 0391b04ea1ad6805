import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { RunStore, Storage } from '../../../lib/ports/run-store.ts';
import { makeFolder } from '../../../lib/disk/make-folder.ts';
import { ioError } from '../../filesystem/index.ts';
import type { SessionClient } from '../worker/session-client.ts';
import { createRunStore } from './run-store.ts';
import { workerClient } from '../worker/worker-client.ts';

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
