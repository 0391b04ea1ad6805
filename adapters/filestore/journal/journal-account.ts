import { isLeft } from 'fp-ts/lib/Either.js';
import { readLink } from './journal-file.ts';
import { type JournalScan, scanJournal } from './journal-scan.ts';
import { compareJournals, type FolderListing, type JournalId } from '../disk/run-folder.ts';

/** A journal, and how much of it counts for the run. */
export interface JournalAccount {
  readonly scan: JournalScan;
  /** False: a replaced owner wrote it, and later journals continue others. */
  readonly doesCount: boolean;
  /**
   * The length in bytes that its successor took over; later bytes are ignored for ever. Null: it
   * has no successor.
   */
  readonly takenOverBytes: number | null;
}

/**
 * Every journal of a run, newest first. When a first record cannot be read, the next older journal
 * is assumed to count. Throws I/O errors.
 */
export const accountJournals = (
  folder: string,
  listing: FolderListing,
): readonly JournalAccount[] => {
  let expected: (JournalId & { readonly bytes: number }) | null = null;
  return listing.journals.map((id): JournalAccount => {
    const scan = scanJournal(folder, id);
    const order: number = expected === null ? 0 : compareJournals(id, expected);
    if (order > 0) return { scan, doesCount: false, takenOverBytes: null };
    const takenOverBytes =
      expected === null || order < 0 ? null : (expected as { readonly bytes: number }).bytes;
    const link = readLink(folder, id);
    expected = isLeft(link) || link.right === null ? null : link.right.link.after;
    return { scan, doesCount: true, takenOverBytes };
  });
};

/** The byte offset where its last whole record ends. */
export const recordsEnd = ({ bytes, tornBytes }: JournalScan): number => bytes - tornBytes;

/** How many of its bytes count. */
export const countedBytes = ({ scan, takenOverBytes }: JournalAccount): number =>
  takenOverBytes ?? recordsEnd(scan);

/** The errors in the part that counts, by byte offset. */
export const faultsOf = ({
  scan,
  doesCount,
  takenOverBytes,
}: JournalAccount): readonly { readonly offset: number; readonly what: string }[] => {
  if (!doesCount) return [];
  const wrong = scan.records.filter(
    ({ what, offset }) => what !== null && offset < (takenOverBytes ?? scan.bytes),
  );
  const faults = wrong.map(({ offset, what }) => ({
    offset,
    what: `the record is whole, but ${what ?? ''}`,
  }));
  const end = recordsEnd(scan);
  if (takenOverBytes === null || end >= takenOverBytes) return faults;
  return [
    ...faults,
    {
      offset: end,
      what: `it ends here, but the next journal continues it from byte ${takenOverBytes}`,
    },
  ];
};
