import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isOwnObject } from '../../../lib/core/settle/raw-object.ts';
import type { StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
// The one exception to "an adapter never imports another": a run's folder holds its objects, and its owner sweeps them.
import { ioError, sweepObjects } from '../../filesystem/index.ts';
import type { OpenRun } from './calls.ts';
import { createCheckpointer, type Checkpointer } from '../checkpoint/checkpointer.ts';
import type { Disk } from '../disk/disk.ts';
import { openFrame } from '../journal/frame.ts';
import { beginJournal, type JournalWriter } from '../journal/journal-writer.ts';
import { leaseFault } from '../ownership/lock-file.ts';
import { emptyModel, openModel, type OpenModel } from './open-model.ts';
import { eventsOf } from '../journal/replay.ts';
import { catchUp } from './catch-up.ts';
import { journalFile, listRunFolder } from '../disk/run-folder.ts';
import type { RunModel } from '../rows/run-model.ts';
import { loadSql } from '../checkpoint/sql.ts';

/** One opened run in the keeping thread. Every commit and every read is one synchronous turn, so a read never sees half a commit. */
export interface Keeper {
  readonly model: RunModel;
  /** Checked and folded in, not yet durable: `flush` before anything else is answered. */
  stage(expectedVersion: number, frame: Uint8Array<ArrayBuffer>): PortError | null;
  /** True after: what was staged is durable, and this owner is still the owner. Anything else is the end of this owner. */
  flush(): PortError | null;
  /** Why nothing is answered any more. */
  fault(): PortError | null;
  assertOwned(): PortError | null;
  refresh(): Promise<Either<PortError, RunSnapshot | null>>;
  eventsAfter(sequence: number, limit: number): readonly StoredRunEvent[];
  close(): Promise<PortError | null>;
}

/** Opens a run for its owner, who holds the lock already, or for a reader. */
export const openKeeper = async (disk: Disk, input: OpenRun): Promise<Either<PortError, Keeper>> => {
  const { folder, runId, owner } = input;
  try {
    const opened = owner?.anew === undefined ? await readRetrying(input) : right(emptyModel(runId));
    if (isLeft(opened)) return opened;
    if (owner === null) return right(createKeeper(input, opened.right, null, disk));
    // Removed between the look and the lock.
    if (owner.anew === undefined && opened.right.model.snapshot.version === 0)
      return left({ type: 'not_found', message: `no run at ${folder}` });
    if (owner.anew !== undefined) opened.right.model.description = owner.anew.description;
    const { model, readUpTo } = opened.right;
    // Its last record may have been written and never synced: nothing may be promised of it, and nothing built on it, before it is durable.
    if (readUpTo !== null) disk.syncFile(join(folder, journalFile(readUpTo)));
    const journal = beginJournal(disk, folder, {
      runId,
      epoch: owner.epoch,
      n: 1,
      after: readUpTo,
      version: model.snapshot.version,
      description: owner.anew?.description ?? null,
    });
    const keeper = createKeeper(input, opened.right, journal, disk);
    const lost = keeper.assertOwned();
    if (lost !== null) {
      await keeper.close();
      return left(lost);
    }
    await sweep(folder, model);
    return right(keeper);
  } catch (cause) {
    return left(ioError('open', folder, cause));
  }
};

/** A reader's files may go while it reads: the owner has a newer checkpoint, so it starts again. */
const readRetrying = async ({ folder, runId, owner }: OpenRun): Promise<Either<PortError, OpenModel>> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const opened = await openModel(folder, runId);
      if (isLeft(opened) && owner === null && attempt < 4) continue;
      return opened;
    } catch (cause) {
      if (owner !== null || attempt === 4 || !existsSync(folder)) throw cause;
    }
  }
};

/** Objects that no event names, of owners who died before their commit; and images that nobody finished. */
const sweep = async (folder: string, model: RunModel): Promise<void> => {
  for (const file of listRunFolder(folder).unfinished) rmSync(join(folder, file), { force: true });
  // What cannot be swept now is swept at the next opening.
  await sweepObjects(join(folder, 'objects'), (name) => isOwnObject(name, model.objects));
  mkdirSync(join(folder, 'inbox'), { recursive: true, mode: 0o700 });
};

const createKeeper = (input: OpenRun, opened: OpenModel, firstJournal: JournalWriter | null, disk: Disk): Keeper => {
  const { folder, owner } = input;
  let current = opened;
  let journal = firstJournal;
  let dead: PortError | null = null;
  let staged: Uint8Array[] = [];
  let isClosing = false;
  let isClosed = false;
  /** Images are given up for as long as this run is open: the journals go on. */
  let isWithoutImages = false;
  const checkpointer: Checkpointer | null = journal === null ? null : createCheckpointer(disk, input, opened);

  const ownership = (): PortError | null => (owner === null ? null : leaseFault(folder, owner.epoch, owner.nonce));
  const die = (error: PortError): PortError => (dead ??= error);

  const foldIn = (model: RunModel, frame: Uint8Array): string | null => {
    try {
      const events = eventsOf(openFrame(frame));
      return isLeft(events) ? events.left : model.fold(events.right, true);
    } catch (cause) {
      // Not a refusal but a fault of ours: what the model holds now is not known.
      die({
        type: 'unavailable',
        message: `the store failed on a commit: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      });
      return null;
    }
  };
  const flush = (): PortError | null => {
    if (dead !== null) return dead;
    if (staged.length === 0) return null;
    if (journal === null) return die({ type: 'unavailable', message: 'the run was closed over a commit', cause: null });
    try {
      journal.append(staged);
    } catch (cause) {
      // The model is ahead of the disk now, and how much of it the disk has is not known.
      return die(ioError('write to', journal.path, cause));
    }
    staged = [];
    const lost = ownership();
    if (lost !== null) return die(lost);
    checkpointWhenDue();
    return null;
  };
  /** After the commit is answered; and again when the last image is done, for what came meanwhile. */
  const checkpointWhenDue = (): void => {
    if (!isCheckpointDue()) return;
    setImmediate(() => {
      if (isCheckpointDue()) void checkpoint(isCheckpointDue).then(checkpointWhenDue);
    });
  };
  /** An image costs what all rows cost, so it is taken when as many have changed as the last one held: all images together then cost a few times the last one. */
  const isCheckpointDue = (): boolean =>
    current.model.changedRows >= Math.max(input.checkpointRows, current.model.storedRows) &&
    checkpointer?.isBusy() === false &&
    !isWithoutImages &&
    !isClosing &&
    journal !== null;

  /** The journal rotates at the instant of export; the image is written behind everybody's back. */
  const checkpoint = async (isStillWanted: () => boolean): Promise<void> => {
    const sql = await loadSql().catch(() => null);
    isWithoutImages = sql === null;
    // Asked again: what was true before SQLite was loaded may not be now.
    if (sql === null || checkpointer === null || checkpointer.isBusy() || !isStillWanted()) return;
    // What is exported must be in the journal: an image holds nothing that was not acknowledged.
    if (journal === null || flush() !== null || ownership() !== null) return;
    try {
      const { next, written } = checkpointer.take(sql, journal);
      journal = next;
      await written;
    } catch (cause) {
      // Whether the new journal counts is not known: whatever came after might be ignored for ever.
      die(ioError('take a checkpoint of', folder, cause));
    }
  };

  return {
    get model() {
      return current.model;
    },
    stage(expectedVersion, frame) {
      if (dead !== null) return dead;
      const { model } = current;
      if (isClosing) return { type: 'unavailable', message: 'the run is closed', cause: null };
      if (journal === null) return { type: 'refused', message: 'this run was opened to be read', statusCode: null, requestId: null };
      if (expectedVersion !== model.snapshot.version)
        return { type: 'stale_version', expected: expectedVersion, found: model.snapshot.version };
      const wrong = foldIn(model, frame);
      if (dead !== null) return dead;
      if (wrong !== null)
        return { type: 'corrupt', message: `the commit at version ${expectedVersion} was refused whole: ${wrong}`, where: folder };
      staged.push(frame);
      return null;
    },
    flush,
    fault: () => dead,
    assertOwned() {
      if (dead !== null) return dead;
      const lost = ownership();
      return lost === null ? null : die(lost);
    },
    async refresh() {
      if (dead !== null) return left(dead);
      if (owner !== null) return right(null);
      const before = current.model.snapshot.version;
      try {
        const followed = catchUp(folder, current);
        if (followed === null || isLeft(followed)) {
          const again = await readRetrying(input);
          if (isLeft(again)) return again;
          current.tables.database?.close();
          current = again.right;
          if (isClosed) current.tables.database?.close();
        } else current = { ...current, readUpTo: followed.right };
        return right(current.model.snapshot.version === before ? null : current.model.snapshot);
      } catch (cause) {
        return left(existsSync(folder) ? ioError('read', folder, cause) : { type: 'not_found', message: `no run at ${folder} any more` });
      }
    },
    eventsAfter(sequence, limit) {
      const { model } = current;
      const stored = model.source.events(sequence, limit);
      return [...stored, ...model.freshEvents.filter((event) => event.sequence > sequence)].slice(0, Math.max(0, limit));
    },
    async close() {
      isClosing = true;
      // Whoever was replaced ends here, and says nothing of the run any more.
      const error = journal === null ? null : (flush() ?? ownership());
      if (error === null && checkpointer !== null) {
        await checkpointer.settled();
        if (dead === null && checkpointer.isWorthIt()) await checkpoint(() => dead === null);
      }
      await checkpointer?.settled();
      journal?.close();
      journal = null;
      isClosed = true;
      current.tables.database?.close();
      return error;
    },
  };
};
