import { pipe } from 'fp-ts/lib/function.js';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { encodeEvents } from '../../../lib/core/codec/event-record.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { OwnedRun } from '../../../lib/ports/run-store.ts';
import { ioError } from '../../filesystem/index.ts';
import { createCommitQueue } from './commit-queue.ts';
import { frameOf } from '../journal/frame.ts';
import { dropCommand, listCommands } from '../disk/inbox.ts';
import { leaseFault } from '../ownership/lock-file.ts';
import type { Ownership } from '../ownership/ownership.ts';
import type { Reservations } from '../quota/reservations.ts';
import type { ReservationFile } from '../quota/reservation-file.ts';
import { createReader, type Handle } from './run-reader.ts';
import { createSummaryPublisher } from './summary.ts';

export interface OwnedParts {
  readonly handle: Handle;
  readonly folder: string;
  readonly ownership: Ownership;
  readonly ownReservation: ReservationFile;
  readonly reservations: Reservations;
  readonly onClosed: () => void;
}

/**
 * The owner's handle. The worker thread checks commits and makes them durable; the handle shows a
 * commit once it is acknowledged.
 */
export const createOwnedRun = ({
  handle,
  folder,
  ownership,
  ownReservation,
  reservations,
  onClosed,
}: OwnedParts): OwnedRun => {
  const { run, client } = handle;
  const shown = { snapshot: handle.opened.snapshot };
  const summary = createSummaryPublisher(folder, ownership.epoch);
  if (shown.snapshot.version > 0) summary.changed(shown.snapshot);

  const close = async (): Promise<void> => {
    await commits.idle();
    const closed = await client.call(run, 'close', null)();
    await summary.close(E.isRight(closed));
    await ownReservation.close();
    ownership.release();
    onClosed();
  };
  const commits = createCommitQueue({
    runId: handle.runId,
    folder,
    shown,
    ownReservation,
    reservations,
    leaseFault: () => leaseFault(folder, ownership.epoch, ownership.nonce),
    send: (expectedVersion, events) =>
      pipe(
        // Encodes when the task runs, not when it is built.
        TE.fromIO(() => {
          const { header, columns } = encodeEvents(events);
          return frameOf({ ...header, version: expectedVersion }, columns);
        }),
        TE.chain((frame) => client.call(run, 'commit', { expectedVersion, frame }, [frame.buffer])),
      ),
    onCommitted: summary.changed,
  });
  const onFolder = <A>(doing: string, act: () => Promise<A>): Port<A> =>
    TE.tryCatch(act, (cause) => ioError(doing, folder, cause));

  const reader = createReader(handle, shown, close);
  return Object.defineProperty(
    {
      ...reader,
      epoch: ownership.epoch,
      commit: commits.commit,
      othersInScope: (scope, nowMs) => reservations.others(handle.runId, scope, nowMs),
      refresh: () =>
        pipe(
          client.call(run, 'assertOwned', null),
          TE.map(() => shown.snapshot),
        ),
      inbox: () => onFolder('read the inbox of', () => listCommands(folder)),
      removeCommand: (id) => onFolder('remove a command from', () => dropCommand(folder, id)),
    } satisfies OwnedRun,
    // A getter, since the spread would copy the snapshot of the opening.
    'snapshot',
    { get: () => shown.snapshot, enumerable: true },
  );
};
