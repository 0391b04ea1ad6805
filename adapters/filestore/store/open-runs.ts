import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { reservationOf } from '../../../lib/core/plan/quota.ts';
import { isCreated, type RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { OwnedRun, RunReader } from '../../../lib/ports/run-store.ts';
import { filesystemArtifacts, ioError } from '../../filesystem/index.ts';
import type { Ownership, OwnershipTracker } from '../ownership/ownership.ts';
import { openReservationFile, type ReservationFile } from '../quota/reservation-file.ts';
import { createReservations } from '../quota/reservations.ts';
import type { OpenRun } from '../worker/worker-calls.ts';
import type { SessionClient } from '../worker/worker-client.ts';
import { createOwnedRun } from './owned-run.ts';
import { createReader, type Handle } from './run-reader.ts';
import type { StoreFolder } from './store-folder.ts';

export interface OpenRunsParts {
  readonly folders: StoreFolder;
  readonly checkpointRows: number;
  readonly client: SessionClient;
  readonly owners: OwnershipTracker;
}

/** The runs that this process has open, as owner or reader. */
export interface OpenRuns {
  read(runId: RunId): Port<RunReader>;
  /** The stored snapshot; null: there is no such run any more. */
  snapshotOf(runId: RunId): Port<RunSnapshot | null>;
  /** Opens a run whose lock this process holds, and releases the lock where that fails. */
  openOwned(
    runId: RunId,
    ownership: Ownership,
    anew?: { readonly description: JsonObject | null },
  ): Port<OwnedRun>;
  closeAll(): Promise<void>;
}

export const createOpenRuns = (parts: OpenRunsParts): OpenRuns => {
  const { folders, client, owners } = parts;
  const { dir, folderOf } = folders;
  const openHandles = new Set<{ close(): Promise<void> }>();
  const read = (runId: RunId): Port<RunReader> =>
    pipe(
      folders.existing(runId),
      TE.chain(() => openHandle(parts, runId, null)),
      TE.map((handle) => {
        const shown = { snapshot: handle.opened.snapshot };
        const reader: RunReader = createReader(handle, shown, async () => {
          await client.call(handle.run, 'close', null)();
          openHandles.delete(reader);
        });
        openHandles.add(reader);
        return reader;
      }),
    );
  const snapshotOf: OpenRuns['snapshotOf'] = (runId) => async () => {
    const reader = await read(runId)();
    // The run was removed meanwhile, or the folder never held one.
    if (E.isLeft(reader)) return reader.left.type === 'not_found' ? E.right(null) : reader;
    await reader.right.close();
    return E.right(reader.right.snapshot);
  };
  const reservations = createReservations({ dir, folderOf, ownerOf: owners.ownerOf, snapshotOf });
  return {
    read,
    snapshotOf,
    openOwned: (runId, ownership, anew) =>
      pipe(
        openHandle(parts, runId, {
          epoch: ownership.epoch,
          nonce: ownership.nonce,
          ...(anew === undefined ? {} : { anew }),
        }),
        TE.chain((handle) => withReservation(parts, handle, ownership.epoch)),
        TE.map(({ handle, ownReservation }) => {
          const onClosed = (): void => void openHandles.delete(owned);
          const folder = folderOf(runId);
          const owned = createOwnedRun({
            handle,
            folder,
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
      ),
    async closeAll() {
      await Promise.all([...openHandles].map((handle) => handle.close()));
    },
  };
};

const openHandle = (
  { folders, checkpointRows, client }: OpenRunsParts,
  runId: RunId,
  owner: OpenRun['owner'],
): Port<Handle> => {
  const folder = folders.folderOf(runId);
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
const withReservation = (
  { folders, client }: OpenRunsParts,
  handle: Handle,
  epoch: number,
): Port<{ readonly handle: Handle; readonly ownReservation: ReservationFile }> => {
  const { dir, folderOf } = folders;
  const { runId, opened } = handle;
  const held = isCreated(opened.snapshot) ? reservationOf(opened.snapshot) : null;
  return TE.tryCatch(
    async () => {
      try {
        const options = { dir, runId, epoch, held, folderOf };
        return { handle, ownReservation: await openReservationFile(options) };
      } catch (cause) {
        await client.call(handle.run, 'close', null)();
        throw cause;
      }
    },
    (cause) => ioError('publish the reservation of', folderOf(runId), cause),
  );
};
