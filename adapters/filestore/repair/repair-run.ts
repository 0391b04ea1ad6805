import { copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { sumsPath } from '../../filesystem/index.ts';
import type { Disk } from '../disk/disk.ts';
import type { Examined } from './examine-run.ts';
import { faultsOf } from '../journal/journal-account.ts';
import { beginJournal } from '../journal/journal-writer.ts';
import { leftBehind } from './loss.ts';
import { checkpointFile, compareJournals, journalFile, setAsideFolder } from '../disk/run-folder.ts';

/**
 * True after: the run's newest journal is the new owner's, and names the journal, length and version that were proved; whatever lies
 * behind that length is ignored for ever. What was damaged or given up lies in the set-aside folder of the epoch, under its own name,
 * where no checkpoint removes it. For the owner of that epoch alone. Throws what the disk throws: then the run is as damaged as it was.
 */
export const repairRun = (disk: Disk, folder: string, runId: RunId, epoch: number, examined: Examined): readonly string[] => {
  const { provable, condition, journals, damagedImages, listing } = examined;
  if (provable === null) return [];
  const aside = setAsideFolder(epoch);
  const behind = leftBehind(journals, provable.after);
  const unsound = journals.filter((journal) => faultsOf(journal).length > 0);
  const kept = [...new Set([...behind, ...unsound].map(({ scan }) => scan.file)), ...damagedImages.map(({ file }) => file)];
  mkdirSync(join(folder, aside), { recursive: true, mode: 0o700 });
  for (const file of kept) linkOrCopy(join(folder, file), join(folder, aside, file));
  disk.syncFolder(join(folder, aside));

  if (condition.refusal !== null || condition.loss !== null) {
    const { after, image, version } = provable;
    const isThere = listing.journals.some((id) => compareJournals(id, after) === 0);
    if (image === null || isThere) disk.syncFile(join(folder, journalFile(after)));
    // Before the journal that needs it: a journal that goes on from nothing must never be the newest.
    if (image !== null) linkOrCopy(join(folder, image.file), join(folder, checkpointFile({ epoch, n: 1 }, image.crc)));
    beginJournal(disk, folder, { runId, epoch, n: 1, after, version, description: null }).close();
  }
  // The journal that is gone on from stays; all else has its name in the other folder now.
  for (const file of kept) if (file !== journalFile(provable.after)) rmSync(join(folder, file), { force: true });
  disk.syncFolder(folder);
  // What lost commits name may be answers that were paid for; the next opening would sweep it.
  return condition.loss === null
    ? kept.map((file) => join(aside, file))
    : [...kept.map((file) => join(aside, file)), ...moveObjects(folder, aside, examined.unreferenced)];
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

/** A second name for the same bytes; a copy where the disk knows no second names. */
const linkOrCopy = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
};
