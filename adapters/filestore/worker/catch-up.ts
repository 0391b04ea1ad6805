import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { readChain } from '../journal/history.ts';
import type { OpenModel } from './open-model.ts';
import { type ReadUpTo, replayJournal } from '../journal/replay.ts';
import { compareJournals, listRunFolder } from '../disk/run-folder.ts';

/**
 * Reads on from the last byte that a reader has read, into later journals too. Null: the journal it
 * read is gone or no longer counts, so the reader must start again.
 */
export const catchUp = (
  folder: string,
  { model, readUpTo }: OpenModel,
): Either<PortError, ReadUpTo> | null => {
  if (readUpTo === null) return null;
  const chain = readChain(
    folder,
    listRunFolder(folder),
    (id) => compareJournals(id, readUpTo) === 0,
  );
  if (isLeft(chain)) return left(chain.left);
  const [first] = chain.right;
  if (first === undefined || compareJournals(first.id, readUpTo) !== 0) return null;
  // It read bytes that the next owner did not take over.
  if (first.to !== null && first.to < readUpTo.bytes) return null;
  let at: ReadUpTo = readUpTo;
  for (const journal of chain.right) {
    const replayed = replayJournal(
      folder,
      model,
      journal,
      journal === first ? readUpTo.bytes : journal.start,
    );
    if (isLeft(replayed)) return replayed;
    at = replayed.right;
  }
  return right(at);
};
