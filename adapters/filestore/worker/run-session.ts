import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isOwnObject } from '../../../lib/core/settle/raw-object.ts';
import type { StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
// The one exception to "an adapter never imports another": a run's folder holds its objects, and
// the owner deletes the unreferenced ones.
import { ioError, sweepObjects } from '../../filesystem/index.ts';
import type { OpenRun } from './worker-calls.ts';
import { createCheckpointer, type Checkpointer } from '../checkpoint/checkpointer.ts';
import type { Disk } from '../disk/disk.ts';
import { openFrame } from '../journal/frame.ts';
import { beginJournal, type JournalWriter } from '../journal/journal-file.ts';
import { leaseFault } from '../ownership/lock-file.ts';
import { emptyModel, openModel, type OpenModel, catchUp } from './open-model.ts';
import { eventsOf } from '../journal/history.ts';
import { journalFile, listRunFolder } from '../disk/run-folder.ts';
import type { RunModel } from '../../../lib/rows/run-model.ts';
import { loadSql } from '../checkpoint/sql.ts';

/**
 * One open run in the worker thread. Each commit and each read is one synchronous turn, so a read
 * never sees half a commit.
 */
export interface RunSession {
  readonly model: RunModel;
  /**
   * Checks the events and folds them in. They are not durable yet: call `flush` before anything
   * else is answered.
   */
  stage(expectedVersion: number, frame: Uint8Array<ArrayBuffer>): PortError | null;
  /**
   * Makes staged commits durable and confirms the ownership. An error is final for this session.
   */
  flush(): PortError | null;
  /** Why the session answers no more calls; null while it does. */
  fault(): PortError | null;
  assertOwned(): PortError | null;
  refresh(): Promise<Either<PortError, RunSnapshot | null>>;
  eventsAfter(sequence: number, limit: number): readonly StoredRunEvent[];
  close(): Promise<PortError | null>;
}

/** Opens a run for a reader, or for an owner that already holds the lock. */
export const openRunSession = async (
  disk: Disk,
  input: OpenRun,
): Promise<Either<PortError, RunSession>> => {
  const { folder, runId, owner } = input;
  try {
    const opened = owner?.anew === undefined ? await readRetrying(input) : right(emptyModel(runId));
    if (isLeft(opened)) return opened;
    if (owner === null) return right(new Session(input, opened.right, null, disk));
    // The run was removed between the first read and the lock.
    if (owner.anew === undefined && opened.right.model.snapshot.version === 0)
      return left({ type: 'not_found', message: `no run at ${folder}` });
    if (owner.anew !== undefined) opened.right.model.description = owner.anew.description;
    const { model, readUpTo } = opened.right;
    // The last record may be written but not synced. It must be durable before anything builds on
    // it.
    if (readUpTo !== null) disk.syncFile(join(folder, journalFile(readUpTo)));
    const journal = beginJournal(disk, folder, {
      runId,
      epoch: owner.epoch,
      n: 1,
      after: readUpTo,
      version: model.snapshot.version,
      description: owner.anew?.description ?? null,
    });
    const session = new Session(input, opened.right, journal, disk);
    const lost = session.assertOwned();
    if (lost !== null) {
      await session.close();
      return left(lost);
    }
    await removeUnreferenced(folder, model);
    return right(session);
  } catch (cause) {
    return left(ioError('open', folder, cause));
  }
};

/**
 * A reader's files may be deleted while it reads, since the owner has a newer checkpoint. Then it
 * starts again.
 */
const readRetrying = async ({
  folder,
  runId,
  owner,
}: OpenRun): Promise<Either<PortError, OpenModel>> => {
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

/**
 * Deletes objects that no event names, left by owners that died before a commit, and unfinished
 * images.
 */
const removeUnreferenced = async (folder: string, model: RunModel): Promise<void> => {
  for (const file of listRunFolder(folder).unfinished) rmSync(join(folder, file), { force: true });
  // What cannot be deleted now is deleted at the next opening.
  await sweepObjects(join(folder, 'objects'), (name) => isOwnObject(name, model.objects));
  mkdirSync(join(folder, 'inbox'), { recursive: true, mode: 0o700 });
};

/** The journal is written in each flush; images of all rows, beside it, from time to time. */
class Session implements RunSession {
  readonly #input: OpenRun;
  readonly #checkpointer: Checkpointer | null;
  #current: OpenModel;
  #journal: JournalWriter | null;
  #dead: PortError | null = null;
  #staged: Uint8Array[] = [];
  #isClosing = false;
  #isClosed = false;
  /** True when SQLite could not be loaded: this session writes journals only. */
  #isWithoutImages = false;

  constructor(input: OpenRun, opened: OpenModel, journal: JournalWriter | null, disk: Disk) {
    this.#input = input;
    this.#current = opened;
    this.#journal = journal;
    this.#checkpointer = journal === null ? null : createCheckpointer(disk, input, opened);
  }

  get model(): RunModel {
    return this.#current.model;
  }

  fault(): PortError | null {
    return this.#dead;
  }

  #die(error: PortError): PortError {
    return (this.#dead ??= error);
  }

  #ownershipFault(): PortError | null {
    const { folder, owner } = this.#input;
    return owner === null ? null : leaseFault(folder, owner.epoch, owner.nonce);
  }

  assertOwned(): PortError | null {
    if (this.#dead !== null) return this.#dead;
    const lost = this.#ownershipFault();
    return lost === null ? null : this.#die(lost);
  }

  stage(expectedVersion: number, frame: Uint8Array<ArrayBuffer>): PortError | null {
    if (this.#dead !== null) return this.#dead;
    const { model } = this;
    if (this.#isClosing) return { type: 'unavailable', message: 'the run is closed', cause: null };
    if (this.#journal === null)
      return {
        type: 'refused',
        message: 'this run was opened read-only',
        statusCode: null,
        requestId: null,
      };
    if (expectedVersion !== model.snapshot.version)
      return { type: 'stale_version', expected: expectedVersion, found: model.snapshot.version };
    const wrong = this.#foldIn(model, frame);
    if (this.#dead !== null) return this.#dead;
    if (wrong !== null)
      return {
        type: 'corrupt',
        message: `the commit at version ${expectedVersion} was rejected: ${wrong}`,
        where: this.#input.folder,
      };
    this.#staged.push(frame);
    return null;
  }

  #foldIn(model: RunModel, frame: Uint8Array): string | null {
    try {
      const events = eventsOf(openFrame(frame));
      return isLeft(events) ? events.left : model.fold(events.right, true);
    } catch (cause) {
      // A bug, not a rejection: the state of the model is unknown now.
      this.#die({
        type: 'unavailable',
        message: `the store failed on a commit: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      });
      return null;
    }
  }

  flush(): PortError | null {
    if (this.#dead !== null) return this.#dead;
    if (this.#staged.length === 0) return null;
    if (this.#journal === null)
      return this.#die({
        type: 'unavailable',
        message: 'the run was closed during a commit',
        cause: null,
      });
    try {
      this.#journal.append(this.#staged);
    } catch (cause) {
      // The model is ahead of the disk now, by an unknown number of commits.
      return this.#die(ioError('write to', this.#journal.path, cause));
    }
    this.#staged = [];
    const lost = this.#ownershipFault();
    if (lost !== null) return this.#die(lost);
    this.#checkpointWhenDue();
    return null;
  }

  /**
   * Runs after the commit is answered, and again after each image, for the rows that changed
   * meanwhile.
   */
  #checkpointWhenDue(): void {
    const isDue = (): boolean => this.#isCheckpointDue();
    if (!isDue()) return;
    setImmediate(() => {
      if (isDue()) void this.#checkpoint(isDue).then(() => this.#checkpointWhenDue());
    });
  }

  /**
   * An image costs time in proportion to all rows. It is due when as many rows have changed as the
   * last image held, so that all images together cost a small multiple of the last one.
   */
  #isCheckpointDue(): boolean {
    const { changedRows, storedRows } = this.model;
    return (
      changedRows >= Math.max(this.#input.checkpointRows, storedRows) &&
      this.#checkpointer?.isBusy() === false &&
      !this.#isWithoutImages &&
      !this.#isClosing &&
      this.#journal !== null
    );
  }

  /** Rotates the journal when it exports the database; the image is written in the background. */
  async #checkpoint(isStillWanted: () => boolean): Promise<void> {
    const sql = await loadSql().catch(() => null);
    this.#isWithoutImages = sql === null;
    const checkpointer = this.#checkpointer;
    // Checks again, since loading SQLite took time.
    if (sql === null || checkpointer === null || checkpointer.isBusy() || !isStillWanted()) return;
    // The image may hold acknowledged commits only, so staged ones are flushed first.
    if (this.#journal === null || this.flush() !== null || this.#ownershipFault() !== null) return;
    try {
      const { next, written } = checkpointer.take(sql, this.#journal);
      this.#journal = next;
      await written;
    } catch (cause) {
      // It is unknown whether the new journal counts, so later commits might be ignored for ever.
      this.#die(ioError('take a checkpoint of', this.#input.folder, cause));
    }
  }

  async refresh(): Promise<Either<PortError, RunSnapshot | null>> {
    if (this.#dead !== null) return left(this.#dead);
    const { folder, owner } = this.#input;
    if (owner !== null) return right(null);
    const before = this.model.snapshot.version;
    try {
      const fault = await this.#follow();
      if (fault !== null) return left(fault);
      const { snapshot } = this.model;
      return right(snapshot.version === before ? null : snapshot);
    } catch (cause) {
      return left(
        existsSync(folder)
          ? ioError('read', folder, cause)
          : { type: 'not_found', message: `no run at ${folder} any more` },
      );
    }
  }

  /** Reads what the owner wrote since, or everything anew where that does not follow. */
  async #follow(): Promise<PortError | null> {
    const followed = catchUp(this.#input.folder, this.#current);
    if (followed !== null && !isLeft(followed)) {
      this.#current = { ...this.#current, readUpTo: followed.right };
      return null;
    }
    const again = await readRetrying(this.#input);
    if (isLeft(again)) return again.left;
    this.#current.tables.database?.close();
    this.#current = again.right;
    if (this.#isClosed) this.#current.tables.database?.close();
    return null;
  }

  eventsAfter(sequence: number, limit: number): readonly StoredRunEvent[] {
    const { source, freshEvents } = this.model;
    const fresh = freshEvents.filter((event) => event.sequence > sequence);
    return [...source.events(sequence, limit), ...fresh].slice(0, Math.max(0, limit));
  }

  async close(): Promise<PortError | null> {
    this.#isClosing = true;
    const checkpointer = this.#checkpointer;
    // A replaced owner ends here and publishes nothing more.
    const error = this.#journal === null ? null : (this.flush() ?? this.#ownershipFault());
    if (error === null && checkpointer !== null) {
      await checkpointer.settled();
      if (this.#dead === null && checkpointer.isWorthIt())
        await this.#checkpoint(() => this.#dead === null);
    }
    await checkpointer?.settled();
    this.#journal?.close();
    this.#journal = null;
    this.#isClosed = true;
    this.#current.tables.database?.close();
    return error;
  }
}
