import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../lib/ports/port-error.ts';
import { type Link, readLink, readOneFrame } from './journal-reader.ts';
import { type CheckpointFile, compareJournals, type FolderListing, journalFile, type JournalId, listRunFolder } from './run-folder.ts';

/** A journal that counts: from where, and up to where (null: as far as its records are whole). */
export interface ChainedJournal {
  readonly id: JournalId;
  readonly link: Link;
  /** Where its first commit begins. */
  readonly start: number;
  readonly to: number | null;
}

/**
 * The journals that lead to the newest one that is whole at its beginning, oldest first. What a fenced owner wrote after it was
 * replaced is in none of them, or past the length that its successor took over. Stops behind `until`, or where files are missing.
 */
export const readChain = (
  folder: string,
  listing: FolderListing,
  until: JournalId | null,
): Either<PortError, readonly ChainedJournal[]> => {
  const chain: ChainedJournal[] = [];
  let at: JournalId | null = null;
  let to: number | null = null;
  for (const id of listing.journals) {
    if (at !== null && compareJournals(id, at) !== 0) continue;
    const found = readLink(folder, id);
    if (isLeft(found)) return found;
    if (found.right === null) {
      // A journal that somebody goes on from was whole at its beginning.
      if (at === null) continue;
      const path = join(folder, journalFile(id));
      return left({
        type: 'corrupt',
        message: `${path} is damaged: a later journal goes on from it, and its first record is not whole`,
        where: `${path}:0`,
      });
    }
    const { link, end } = found.right;
    chain.unshift({ id, link, start: end, to });
    if (link.after === null || (until !== null && compareJournals(id, until) === 0)) break;
    at = link.after;
    to = link.after.bytes;
  }
  return right(chain);
};

/** Where a run is read from: an image (null: from nothing), and every journal after it. */
export interface History {
  readonly image: { readonly file: CheckpointFile; readonly bytes: Uint8Array } | null;
  readonly journals: readonly ChainedJournal[];
}

/**
 * The newest whole checkpoint that the chain of journals goes on from, and the journals from there. A checkpoint of a fenced owner
 * names a journal that is not in the chain, and does not count. Null: there is no journal. Throws what the system throws.
 */
export const readHistory = (folder: string): Either<PortError, History | null> => {
  const listing = listRunFolder(folder);
  const chain = readChain(folder, listing, null);
  if (isLeft(chain)) return chain;
  const [first] = chain.right;
  if (first === undefined) return right(null);
  const damaged: string[] = [];
  for (const file of listing.checkpoints) {
    const place = chain.right.findIndex(({ id }) => compareJournals(id, file) === 0);
    if (place < 0) continue;
    const bytes = new Uint8Array(readFileSync(join(folder, file.file)));
    if (crc32(bytes) === file.crc) return right({ image: { file, bytes }, journals: chain.right.slice(place) });
    damaged.push(join(folder, file.file));
  }
  if (first.link.after === null) return right({ image: null, journals: chain.right });
  const missing = join(folder, journalFile(first.link.after));
  const message =
    damaged.length > 0
      ? `${damaged.join(' and ')} does not match its checksum, and the journals before it are gone`
      : `${missing} is missing, and no checkpoint holds what it held`;
  return left({ type: 'corrupt', message, where: damaged[0] ?? missing });
};

/** True when the folder holds a whole `RunCreated`. Opens no database. */
export const holdsRun = (folder: string): Either<PortError, boolean> => {
  const listing = listRunFolder(folder);
  if (listing.checkpoints.length > 0) return right(true);
  const chain = readChain(folder, listing, null);
  if (isLeft(chain)) return chain;
  // A run's first commit is its `RunCreated`; a journal that goes on from version 0 may still be without one.
  return right(
    chain.right.some(({ id, link, start }) => link.version > 0 || readOneFrame(join(folder, journalFile(id)), start).type !== 'torn'),
  );
};
