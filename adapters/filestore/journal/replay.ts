import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Event } from '../../../lib/core/model/event.ts';
import { decodeEvents, readColumns } from '../../../lib/core/codec/event-record.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { Frame } from './frame.ts';
import type { ChainedJournal } from './history.ts';
import { corrupt, readFrames } from './journal-reader.ts';
import type { RunModel } from '../../../lib/rows/run-model.ts';
import { journalFile, type JournalId } from '../disk/run-folder.ts';

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
