import { pipe } from 'fp-ts/lib/function.js';
import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Event } from '../../lib/core/event.ts';
import { encodeEvents } from '../../lib/core/event-record.ts';
import { evolve } from '../../lib/core/evolve.ts';
import type { Port } from '../../lib/ports/port-error.ts';
import type { OwnedRun } from '../../lib/ports/run-store.ts';
import { ioError } from '../filesystem/index.ts';
import { frameOf } from './frame.ts';
import { dropCommand, listCommands } from './inbox.ts';
import type { Ownership } from './ownership.ts';
import { packTexts } from './packed-texts.ts';
import { createReader, type Handle } from './run-reader.ts';
import { createSummaryPublisher } from './summary.ts';

/** The owner's handle: commits are checked and made durable by the keeping thread, and folded here once they are acknowledged. */
export const createOwnedRun = (handle: Handle, folder: string, ownership: Ownership, onClosed: () => void): OwnedRun => {
  const { run, client } = handle;
  const shown = { snapshot: handle.opened.snapshot };
  const summary = createSummaryPublisher(folder, ownership.epoch);
  if (shown.snapshot.version > 0) summary.changed(shown.snapshot);

  const close = async (): Promise<void> => {
    const closed = await client.call(run, 'close', null)();
    await summary.close(E.isRight(closed));
    ownership.release();
    onClosed();
  };
  const commit = (expectedVersion: number, events: readonly Event[]): Port<OwnedRun['snapshot']> =>
    pipe(
      // Encoded when it is run, not when it is described.
      TE.fromIO(() => {
        const { header, columns } = encodeEvents(events);
        return frameOf({ ...header, version: expectedVersion }, columns);
      }),
      TE.chain((frame) => client.call(run, 'commit', { expectedVersion, frame }, [frame.buffer])),
      TE.map(() => {
        shown.snapshot = events.reduce(evolve, shown.snapshot);
        summary.changed(shown.snapshot);
        return shown.snapshot;
      }),
    );
  const onFolder = <A>(doing: string, act: () => Promise<A>): Port<A> => TE.tryCatch(act, (cause) => ioError(doing, folder, cause));

  const reader = createReader(handle, shown, close);
  return Object.defineProperty(
    {
      ...reader,
      epoch: ownership.epoch,
      commit,
      assertOwned: () =>
        pipe(
          client.call(run, 'assertOwned', null),
          TE.map(() => undefined),
        ),
      knownIds: (itemIds) =>
        pipe(
          TE.fromIO(() => packTexts(itemIds)),
          TE.chain((ids) => client.call(run, 'knownIds', ids, [ids.ends.buffer as ArrayBuffer])),
        ),
      planWindow: (rowsMax) => client.call(run, 'planWindow', rowsMax),
      batchLines: (batchNo) => client.call(run, 'batchLines', batchNo),
      openMask: (batchNo, indexes) => client.call(run, 'openMask', { batchNo, indexes }),
      openRows: (batchNo, fromIndex, rowsMax) => client.call(run, 'openRows', { batchNo, fromIndex, rowsMax }),
      backoffRows: (dueAtMs, rowsMax) => client.call(run, 'backoffRows', { dueAtMs, rowsMax }),
      pendingRows: (rowsMax) => client.call(run, 'pendingRows', rowsMax),
      rowLines: (index) => client.call(run, 'rowLines', index),
      inbox: () => onFolder('read the inbox of', () => listCommands(folder)),
      removeCommand: (id) => onFolder('remove a command from', () => dropCommand(folder, id)),
    } satisfies OwnedRun,
    // Copied by the spread, it would be the snapshot of the opening for ever.
    'snapshot',
    { get: () => shown.snapshot, enumerable: true },
  );
};
