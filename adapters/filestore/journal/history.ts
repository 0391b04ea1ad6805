import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { lostRun } from '../repair/lost-work.ts';
import { type Link, readLink, readOneFrame, corrupt, readFrames } from './journal-file.ts';
import {
  type CheckpointFile,
  compareJournals,
  type FolderListing,
  journalFile,
  type JournalId,
  listRunFolder,
} from '../disk/run-folder.ts';
import type { Event } from '../../../lib/core/model/event.ts';
import { decodeEvents, readColumns } from '../../../lib/core/codec/event-record.ts';
import type { Frame } from './frame.ts';
import type { RunModel } from '../../../lib/rows/run-model.ts';

/**
 * A journal that counts. `to` is where it stops counting, in bytes; null: at its last whole record.
 */
export interface ChainedJournal {
  readonly id: JournalId;
  readonly link: Link;
  /** The byte offset of its first commit. */
  readonly start: number;
  readonly to: number | null;
}

/**
 * The journals that lead to the newest one with a whole first record, oldest first. Writes of a
 * replaced owner are in none of them, or lie past the length that its successor took over. Stops at
 * the first journal that is enough, or where files are missing.
 */
export const readChain = (
  folder: string,
  listing: FolderListing,
  isEnough: (id: JournalId) => boolean,
): Either<PortError, readonly ChainedJournal[]> => {
  const chain: ChainedJournal[] = [];
  let at: JournalId | null = null;
  let to: number | null = null;
  for (const id of listing.journals) {
    if (at !== null && compareJournals(id, at) !== 0) continue;
    const found = readLink(folder, id);
    if (isLeft(found)) return found;
    if (found.right === null) {
      // A journal that a later one continues was whole at its beginning.
      if (at === null) continue;
      const path = join(folder, journalFile(id));
      return left({
        type: 'corrupt',
        message: `${path} is damaged: a later journal continues it, but its first record is not whole`,
        where: `${path}:0`,
      });
    }
    const { link, end } = found.right;
    chain.unshift({ id, link, start: end, to });
    if (isEnough(id) || link.after === null) break;
    at = link.after;
    to = link.after.bytes;
  }
  return right(chain);
};

/** The image that a run is read from (null: none), and every journal after it. */
export interface History {
  readonly image: { readonly file: CheckpointFile; readonly bytes: Uint8Array } | null;
  readonly journals: readonly ChainedJournal[];
}

/**
 * The newest whole checkpoint in the chain of journals, and the journals after it; older files are
 * not read. A checkpoint of a replaced owner names a journal outside the chain, and does not count.
 * Null: the folder has never had a journal. Throws I/O errors.
 */
export const readHistory = (folder: string): Either<PortError, History | null> => {
  const listing = listRunFolder(folder);
  const found: { image: History['image'] } = { image: null };
  const damaged: string[] = [];
  const chain = readChain(folder, listing, (id) => {
    for (const file of listing.checkpoints) {
      if (compareJournals(id, file) !== 0) continue;
      const bytes = readImage(folder, file);
      if (bytes === null) damaged.push(join(folder, file.file));
      else found.image = { file, bytes };
    }
    return found.image !== null;
  });
  if (isLeft(chain)) return chain;
  const journals = chain.right;
  const lost = lostJournal(folder, listing, journals[journals.length - 1]?.id ?? null);
  if (lost !== null) return left(lost);
  const [first] = journals;
  if (first === undefined) return right(null);
  if (found.image !== null || first.link.after === null)
    return right({ image: found.image, journals });
  const missing = join(folder, journalFile(first.link.after));
  const message =
    damaged.length > 0
      ? `${damaged.join(' and ')} does not match its checksum, and the journals before it are gone`
      : `${missing} is missing, and no checkpoint contains its commits`;
  return left({ type: 'corrupt', message, where: damaged[0] ?? missing });
};

/** The bytes of an image; null: they do not match the checksum in its name. */
export const readImage = (folder: string, { file, crc }: CheckpointFile): Uint8Array | null => {
  const bytes = new Uint8Array(readFileSync(join(folder, file)));
  return crc32(bytes) === crc ? bytes : null;
};

/**
 * An error when an image is newer than every journal. Its journal was durable before the image was
 * taken, so commits may be lost.
 */
const lostJournal = (
  folder: string,
  { checkpoints }: FolderListing,
  newest: JournalId | null,
): PortError | null => {
  const [image] = checkpoints;
  if (image === undefined || (newest !== null && compareJournals(image, newest) <= 0)) return null;
  const path = join(folder, journalFile(image));
  const message = `${path} is damaged: it is missing or cut within its first record, and ${image.file} was taken after it was begun`;
  return { type: 'corrupt', message, where: `${path}:0` };
};

/**
 * True when the folder holds a whole `RunCreated`, false when no work was acknowledged. `corrupt`
 * when work was acknowledged and its journals are gone. Opens no database. Throws I/O errors.
 */
export const holdsRun = (folder: string): Either<PortError, boolean> => {
  const holds = holdsCreation(folder);
  if (isLeft(holds) || holds.right) return holds;
  const lost = lostRun(folder);
  if (lost === null) return holds;
  // Another process may have created the run meanwhile. Its first commit comes before any other
  // file, so this second check decides.
  const now = holdsCreation(folder);
  return isLeft(now) || now.right ? now : left(lost);
};

const holdsCreation = (folder: string): Either<PortError, boolean> => {
  const listing = listRunFolder(folder);
  if (listing.checkpoints.length > 0) return right(true);
  const chain = readChain(folder, listing, () => false);
  if (isLeft(chain)) return chain;
  // A run's first commit is its `RunCreated`. A journal that continues from version 0 may not hold
  // it yet.
  return right(
    chain.right.some(
      ({ id, link, start }) =>
        link.version > 0 || readOneFrame(join(folder, journalFile(id)), start).type !== 'torn',
    ),
  );
};

/** How far a run was read: its newest journal, and where the last whole record ends. */
export interface ReadUpTo extends JournalId {
  readonly bytes: number;
}

/** The events of a commit record; left says what is wrong with it. */
export const eventsOf = (frame: Frame): Either<string, readonly Event[]> => {
  const columns = readColumns(frame.header, frame.body);
  return isLeft(columns) ? columns : decodeEvents(frame.header, columns.right);
};

/**
 * Folds a journal's commits into the model, from a byte offset on. Returns where its whole records
 * end, or the error.
 */
export const replayJournal = (
  folder: string,
  model: RunModel,
  journal: ChainedJournal,
  from: number,
): Either<PortError, ReadUpTo> => {
  const { readUpTo, fault } = foldJournal(folder, model, journal, from);
  return fault === null ? right(readUpTo) : left(fault);
};

/** The same, and on an error also how far it came: the model holds every commit up to there. */
export const foldJournal = (
  folder: string,
  model: RunModel,
  journal: ChainedJournal,
  from: number,
): { readonly readUpTo: ReadUpTo; readonly fault: PortError | null } => {
  const path = join(folder, journalFile(journal.id));
  const misplaced = from === journal.start && journal.link.version !== model.snapshot.version;
  if (misplaced || journal.link.runId !== model.runId) {
    const what = `it continues version ${journal.link.version} of run ${journal.link.runId}, but the journals before it end at version ${model.snapshot.version} of run ${model.runId}`;
    return { readUpTo: { ...journal.id, bytes: from }, fault: corrupt(path, 0, what) };
  }
  if (journal.link.description !== null) model.description = journal.link.description;
  const { end, fault } = readFrames(path, from, journal.to, (frame, offset) => {
    if (frame.header['version'] !== model.snapshot.version)
      return corrupt(
        path,
        offset,
        `it follows version ${String(frame.header['version'])}, but the run is at version ${model.snapshot.version}`,
      );
    const events = eventsOf(frame);
    if (isLeft(events)) return corrupt(path, offset, events.left);
    const wrong = model.fold(events.right, false);
    return wrong === null ? null : corrupt(path, offset, wrong);
  });
  return { readUpTo: { ...journal.id, bytes: end }, fault };
};
