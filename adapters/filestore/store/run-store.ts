import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pendingRuns } from '../../../lib/core/machine/pending.ts';
import { isRunId, type RunId } from '../../../lib/core/values/ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { reservationOf } from '../../../lib/core/plan/quota.ts';
import { isCreated, type RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type {
  DamagedRun,
  ListedRun,
  OwnedRun,
  RunReader,
  RunStore,
} from '../../../lib/ports/run-store.ts';
import { filesystemArtifacts, ioError, isFolder } from '../../filesystem/index.ts';
import type { OpenRun } from '../worker/worker-calls.ts';
import { nodeDisk } from '../disk/disk.ts';
import { holdsRun } from '../journal/history.ts';
import { hasCommands, putCommand } from '../disk/inbox.ts';
import type { SessionClient } from '../worker/session-client.ts';
import { createOwnedRun } from './owned-run.ts';
import { createOwnershipTracker, type Ownership } from '../ownership/ownership.ts';
import { runFolder } from '../disk/run-folder.ts';
import { createReservations } from '../quota/reservations.ts';
import { forgetRun, openReservationFile, type ReservationFile } from '../quota/reservation-file.ts';
import { createReader, type Handle } from './run-reader.ts';
import { workAlone } from './work-alone.ts';
import { createStoreCare } from '../repair/store-care.ts';
import { currentSummary } from './summary.ts';

export interface RunStoreOptions {
  /** An absolute path. */
  readonly dir: string;
  readonly checkpointRows: number;
  readonly client: SessionClient;
}

/** A run store with one folder per run. */
export const createRunStore = ({ dir, checkpointRows, client }: RunStoreOptions): RunStore => {
  const owners = createOwnershipTracker();
  const openHandles = new Set<{ close(): Promise<void> }>();
  const folderOf = (runId: RunId): string => runFolder(dir, runId);
  const unknown = (runId: RunId): PortError => ({
    type: 'not_found',
    message: `no run ${runId} in ${dir}`,
  });

  const taken = (runId: RunId): PortError => ({
    type: 'refused',
    message: `run ${runId} exists in ${dir}`,
    statusCode: null,
    requestId: null,
  });

  const blocked = (folder: string): PortError => ({
    type: 'unavailable',
    message: `${folder} is not a folder, and the run would be stored there: move it away, or choose another run id`,
    cause: null,
  });

  /** Catches what the operating system throws, as an I/O error. */
  const onFolder = <A>(
    doing: string,
    runId: RunId,
    act: (folder: string) => E.Either<PortError, A>,
  ): Port<A> =>
    TE.fromIOEither(() => {
      if (!isRunId(runId))
        return E.left<PortError>({
          type: 'refused',
          message: `${JSON.stringify(runId)} cannot name a run: 1 to 120 of A-Z a-z 0-9 . _ -, the first a letter or digit`,
          statusCode: null,
          requestId: null,
        });
      const folder = folderOf(runId);
      try {
        return act(folder);
      } catch (cause) {
        return E.left(ioError(doing, folder, cause));
      }
    });
  /** The folder of a run that exists; `not_found` otherwise. */
  const existing = (runId: RunId): Port<string> =>
    onFolder('read', runId, (folder) =>
      pipe(
        isFolder(folder) ? holdsRun(folder) : E.right(false),
        E.chain((holds) => (holds ? E.right(folder) : E.left(unknown(runId)))),
      ),
    );

  const open = (runId: RunId, owner: OpenRun['owner']): Port<Handle> => {
    const folder = folderOf(runId);
    const run = client.newRun();
    return pipe(
      client.call(run, 'open', { runId, folder, checkpointRows, owner }),
      TE.map((opened) => ({
        runId,
        run,
        client,
        opened,
        artifacts: filesystemArtifacts({ dir: join(folder, 'objects') }),
      })),
    );
  };
  /** Publishes the reservation from the stored snapshot, whatever the last owner published. */
  const openReservationOf = async (
    handle: Handle,
    epoch: number,
  ): Promise<{ readonly handle: Handle; readonly ownReservation: ReservationFile }> => {
    const { snapshot } = handle.opened;
    const held = isCreated(snapshot) ? reservationOf(snapshot) : null;
    try {
      return {
        handle,
        ownReservation: await openReservationFile({
          dir,
          runId: handle.runId,
          epoch,
          held,
          folderOf,
        }),
      };
    } catch (cause) {
      await client.call(handle.run, 'close', null)();
      throw cause;
    }
  };
  const openOwned = (
    runId: RunId,
    ownership: Ownership,
    anew?: { readonly description: JsonObject | null },
  ): Port<OwnedRun> =>
    pipe(
      open(runId, {
        epoch: ownership.epoch,
        nonce: ownership.nonce,
        ...(anew === undefined ? {} : { anew }),
      }),
      TE.chain((handle) =>
        TE.tryCatch(
          () => openReservationOf(handle, ownership.epoch),
          (cause) => ioError('publish the reservation of', folderOf(runId), cause),
        ),
      ),
      TE.map(({ handle, ownReservation }) => {
        const onClosed = (): void => void openHandles.delete(owned);
        const owned = createOwnedRun({
          handle,
          folder: folderOf(runId),
          ownership,
          ownReservation,
          reservations,
          onClosed,
        });
        openHandles.add(owned);
        return owned;
      }),
      TE.mapLeft((error) => {
        ownership.release();
        return error;
      }),
    );
  const read = (runId: RunId): Port<RunReader> =>
    pipe(
      existing(runId),
      TE.chain(() => open(runId, null)),
      TE.map((handle) => {
        const reader: RunReader = createReader(
          handle,
          { snapshot: handle.opened.snapshot },
          async () => {
            await client.call(handle.run, 'close', null)();
            openHandles.delete(reader);
          },
        );
        openHandles.add(reader);
        return reader;
      }),
    );

  /**
   * A run for listings: from its summary while an owner writes it or after a clean close, else from
   * the run itself.
   */
  const listed = (runId: RunId): Port<ListedRun | null> =>
    pipe(
      onFolder('list', runId, (folder) => {
        const owner = owners.ownerOf(folder);
        return E.right({ owner, snapshot: currentSummary(folder, owner !== null) });
      }),
      TE.chain(({ owner, snapshot }): Port<ListedRun | null> =>
        snapshot === null ? listedByReading(runId, owner) : TE.right({ runId, owner, snapshot }),
      ),
    );
  const shownWhole = (run: ListedRun): ListedRun => {
    const folder = folderOf(run.runId);
    const artifacts = filesystemArtifacts({ dir: join(folder, 'objects') });
    return {
      ...run,
      artifacts,
      ownedSinceMs: run.owner === null ? null : owners.ownedSinceMs(folder),
    };
  };
  const listedByReading = (runId: RunId, owner: string | null): Port<ListedRun | null> =>
    pipe(
      snapshotOf(runId),
      TE.map((snapshot) => (snapshot === null ? null : { runId, owner, snapshot })),
    );
  const snapshotOf =
    (runId: RunId): Port<RunSnapshot | null> =>
    async () => {
      const reader = await read(runId)();
      // The run was removed meanwhile, or the folder never held one.
      if (E.isLeft(reader)) return reader.left.type === 'not_found' ? E.right(null) : reader;
      await reader.right.close();
      return E.right(reader.right.snapshot);
    };
  const reservations = createReservations({ dir, folderOf, ownerOf: owners.ownerOf, snapshotOf });
  const runIds = (): Port<readonly RunId[]> =>
    TE.fromIOEither(() => {
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
    });

  /** A run that cannot be opened does not stop the listing of the others. */
  const listedOrDamaged = (
    runId: RunId,
    onDamaged: (run: DamagedRun) => void,
  ): Port<ListedRun | null> =>
    pipe(
      listed(runId),
      TE.orElse((error) => {
        onDamaged({ runId, error });
        return TE.right<PortError, ListedRun | null>(null);
      }),
    );
  const list = (onDamaged: (run: DamagedRun) => void): Port<readonly ListedRun[]> =>
    pipe(
      runIds(),
      TE.chain((ids) => TE.sequenceSeqArray(ids.map((runId) => listedOrDamaged(runId, onDamaged)))),
      TE.map((runs) =>
        runs
          .filter((run) => run !== null)
          .sort(
            (a, b) =>
              b.snapshot.createdAtMs - a.snapshot.createdAtMs || (a.runId < b.runId ? 1 : -1),
          ),
      ),
    );
  /** Runs with due work, then the runs that cannot be opened, so that a worker reports why. */
  const adoptable =
    (nowMs: number, limit: number): Port<readonly RunId[]> =>
    async () => {
      const damaged: RunId[] = [];
      const runs = await list(({ runId }) => damaged.push(runId))();
      if (E.isLeft(runs)) return runs;
      const free = runs.right.filter(({ owner }) => owner === null);
      const storedReservations = free.map((run) => ({
        ...run,
        hasCommands: hasCommands(folderOf(run.runId)),
      }));
      return E.right(
        [
          ...pendingRuns(storedReservations, nowMs, limit).map(({ runId }) => runId),
          ...damaged,
        ].slice(0, limit),
      );
    };

  return {
    describe: `file store ${dir}`,
    own: (runId) =>
      pipe(
        existing(runId),
        TE.chain(() => onFolder('own', runId, owners.take)),
        TE.chain((ownership) => openOwned(runId, ownership)),
      ),
    create: (runId, description) =>
      pipe(
        onFolder('create', runId, (folder) => {
          if (!isFolder(folder)) {
            if (existsSync(folder)) return E.left(blocked(folder));
            // A removal that was interrupted may have left reservation files of an earlier run with
            // this id.
            forgetRun(dir, folderOf);
          }
          const known = isFolder(folder) ? holdsRun(folder) : E.right(false);
          if (E.isLeft(known) || known.right)
            return E.isLeft(known) ? known : E.left<PortError>(taken(runId));
          const ownership = owners.take(folder);
          if (E.isLeft(ownership)) return ownership;
          // Checks again under the lock: another process may have created and closed the run in
          // between.
          const now = holdsRun(folder);
          if (E.isRight(now) && !now.right) return ownership;
          ownership.right.release();
          return E.isLeft(now) ? now : E.left(taken(runId));
        }),
        TE.chain((ownership) => openOwned(runId, ownership, { description })),
      ),
    read,
    peek: (runId) =>
      pipe(
        existing(runId),
        TE.chain(() => listed(runId)),
        TE.chain((run) => (run === null ? TE.left(unknown(runId)) : TE.right(shownWhole(run)))),
      ),
    list: (onDamaged = () => undefined) => list(onDamaged),
    adoptable,
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
      onFolder('remove', runId, (folder) => {
        if (!isFolder(folder)) return E.left(unknown(runId));
        // Takes ownership first, so that no other process owns the run while it is removed. One
        // rename hides the run; then its files are deleted.
        const ownership = owners.take(folder);
        if (E.isLeft(ownership)) return ownership;
        const aside = join(dir, 'runs', `.removed-${randomBytes(8).toString('hex')}`);
        renameSync(folder, aside);
        ownership.right.release();
        rmSync(aside, { recursive: true, force: true });
        forgetRun(dir, folderOf);
        return E.right(undefined);
      }),
    alone: (names, work) => workAlone(dir, owners, names, work),
    ownerOf: (runId) =>
      pipe(
        existing(runId),
        TE.chain(() => onFolder('read', runId, (folder) => E.right(owners.ownerOf(folder)))),
      ),
    care: createStoreCare({ disk: nodeDisk, owners, folderOf, runIds: runIds() }),
    async close() {
      await Promise.all([...openHandles].map((handle) => handle.close()));
      await client.close();
    },
  };
};
