import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { sumsPath } from '../../filesystem/index.ts';
import type { Disk } from '../disk/disk.ts';
import type { Examined } from './examine-run.ts';
import { faultsOf } from '../journal/journal-account.ts';
import { beginJournal } from '../journal/journal-file.ts';
import { leftBehind } from './loss.ts';
import {
  checkpointFile,
  compareJournals,
  journalFile,
  setAsideFolder,
} from '../disk/run-folder.ts';

/**
 * Begins a journal of the new owner that continues the proved journal, length and version; later
 * bytes are ignored for ever. Moves damaged and abandoned files to the set-aside folder of the
 * epoch, where no checkpoint deletes them. Returns their paths in the run folder. For the owner of
 * that epoch only. Throws I/O errors and then leaves the run as damaged as it was.
 */
export const repairRun = (
  disk: Disk,
  folder: string,
  runId: RunId,
  epoch: number,
  examined: Examined,
): readonly string[] => {
  const { provable, condition, journals, damagedImages, listing } = examined;
  if (provable === null) return [];
  const aside = setAsideFolder(epoch);
  const behind = leftBehind(journals, provable.after);
  const unsound = journals.filter((journal) => faultsOf(journal).length > 0);
  const kept = [
    ...new Set([...behind, ...unsound].map(({ scan }) => scan.file)),
    ...damagedImages.map(({ file }) => file),
  ];
  mkdirSync(join(folder, aside), { recursive: true, mode: 0o700 });
  for (const file of kept) linkOrCopy(join(folder, file), join(folder, aside, file));
  disk.syncFolder(join(folder, aside));

  if (condition.refusal !== null || condition.loss !== null) {
    const { after, image, version } = provable;
    const isThere = listing.journals.some((id) => compareJournals(id, after) === 0);
    if (image === null || isThere) disk.syncFile(join(folder, journalFile(after)));
    // Before the journal that needs it: a journal without its predecessor must never be the newest.
    if (image !== null)
      linkOrCopy(
        join(folder, image.file),
        join(folder, checkpointFile({ epoch, n: 1 }, image.crc)),
      );
    beginJournal(disk, folder, { runId, epoch, n: 1, after, version, description: null }).close();
  }
  // The continued journal stays; all others now have a name in the other folder.
  for (const file of kept)
    if (file !== journalFile(provable.after)) rmSync(join(folder, file), { force: true });
  disk.syncFolder(folder);
  // Objects of lost commits may be answers that were paid for, and the next opening would delete
  // them.
  return condition.loss === null
    ? kept.map((file) => join(aside, file))
    : [
        ...kept.map((file) => join(aside, file)),
        ...moveObjects(folder, aside, examined.unreferenced),
      ];
};

const moveObjects = (folder: string, aside: string, names: readonly string[]): readonly string[] =>
  names.map((name) => {
    const to = join(aside, 'objects', name);
    mkdirSync(dirname(join(folder, to)), { recursive: true, mode: 0o700 });
    renameSync(join(folder, 'objects', name), join(folder, to));
    const [from, sums] = [sumsPath(join(folder, 'objects', name)), sumsPath(join(folder, to))];
    if (existsSync(from)) renameSync(from, sums);
    return to;
  });

/** A hard link, or a copy where the file system has no hard links. */
const linkOrCopy = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
};
