import { isLeft } from 'fp-ts/lib/Either.js';
import { join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { type ChainedJournal, readImage, foldJournal, type ReadUpTo } from '../journal/history.ts';
import { readLink } from '../journal/journal-file.ts';
import { scanJournal } from '../journal/journal-scan.ts';
import { emptyModel, openImage, type OpenModel } from '../worker/open-model.ts';
import {
  type CheckpointFile,
  compareJournals,
  type FolderListing,
  type JournalId,
} from '../disk/run-folder.ts';
import { loadSql } from '../checkpoint/sql.ts';

/** The longest prefix of a run that its files prove. */
export interface Provable {
  readonly model: OpenModel['model'];
  readonly objects: ReadonlySet<string>;
  /** The journal and length that a new owner continues. */
  readonly after: ReadUpTo;
  /**
   * The image that alone proves the prefix, without a journal. A new owner's journal needs it under
   * its own name. Null: not needed.
   */
  readonly image: CheckpointFile | null;
}

/**
 * Reads image and journals up to the first damaged record; everything after it is not proved. A
 * journal whose first record is damaged proves nothing itself, but limits the journals before it.
 * Its first whole commit names the version that it continued, so late records of a replaced owner
 * do not count. Null: nothing is proved. Throws I/O errors.
 */
export const readProvable = async (
  folder: string,
  listing: FolderListing,
  runId: RunId,
): Promise<Provable | null> => {
  const byJournals = await provedByJournals(folder, listing, runId);
  // An image holds acknowledged commits only, also one of a replaced owner. The one with the
  // highest version counts.
  let best = byJournals;
  for (const file of listing.checkpoints) {
    // It ends before a journal that is already included.
    if (byJournals !== null && compareJournals(file, byJournals.after) <= 0) continue;
    const opened = await wholeImage(folder, file, runId);
    if (opened === null) continue;
    if (best === null || opened.model.snapshot.version > best.model.snapshot.version) {
      // Its journal may be damaged or gone, so none of its bytes are taken over.
      best = provable(opened, { epoch: file.epoch, n: file.n, bytes: 0 }, file);
    }
    opened.tables.database?.close();
  }
  return best;
};

const provedByJournals = async (
  folder: string,
  listing: FolderListing,
  runId: RunId,
): Promise<Provable | null> => {
  let versionMax = Number.POSITIVE_INFINITY;
  for (const tip of listing.journals) {
    const reach = await reachBack(folder, listing, tip, runId);
    if (reach.base !== null) {
      try {
        return foldReach(folder, reach.base, reach.journals, versionMax);
      } finally {
        reach.base.tables.database?.close();
      }
    }
    versionMax = Math.min(versionMax, reach.journals[0]?.link.version ?? firstVersion(folder, tip));
  }
  return null;
};

/** The version before a journal's first whole commit. */
const firstVersion = (folder: string, id: JournalId): number =>
  scanJournal(folder, id).records.find(({ versions }) => versions !== null)?.versions?.before ??
  Number.POSITIVE_INFINITY;

/**
 * The journals that lead to `tip`, back to a whole image or to the run's beginning. `base` null:
 * they lead to neither.
 */
const reachBack = async (
  folder: string,
  listing: FolderListing,
  tip: JournalId,
  runId: RunId,
): Promise<{ readonly base: OpenModel | null; readonly journals: readonly ChainedJournal[] }> => {
  const journals: ChainedJournal[] = [];
  let to: number | null = null;
  for (let id: JournalId | null = tip; id !== null;) {
    const at: JournalId = id;
    if (!listing.journals.some((journal) => compareJournals(journal, at) === 0)) break;
    const found = readLink(folder, at);
    if (isLeft(found) || found.right === null) break;
    const { link, end } = found.right;
    journals.unshift({ id: at, link, start: end, to });
    for (const file of listing.checkpoints) {
      const image = compareJournals(file, at) === 0 ? await wholeImage(folder, file, runId) : null;
      if (image !== null) return { base: image, journals };
    }
    if (link.after === null) return { base: emptyModel(runId), journals };
    if (compareJournals(link.after, at) >= 0) break;
    to = link.after.bytes;
    id = link.after;
  }
  return { base: null, journals };
};

const foldReach = (
  folder: string,
  base: OpenModel,
  journals: readonly ChainedJournal[],
  versionMax: number,
): Provable | null => {
  const { model } = base;
  let after: ReadUpTo | null = null;
  for (const journal of journals) {
    const isNext =
      journal.link.version === model.snapshot.version && journal.link.version <= versionMax;
    if (!isNext || journal.link.runId !== model.runId) break;
    const to = cutAt(folder, journal, versionMax);
    const { readUpTo, fault } = foldJournal(folder, model, { ...journal, to }, journal.start);
    after = readUpTo;
    if (fault !== null || to !== journal.to) break;
  }
  if (model.snapshot.version === 0) return null;
  return after === null ? null : provable(base, after, null);
};

/**
 * The byte offset at which the journal reaches the version; later records do not belong to the run.
 */
const cutAt = (folder: string, { id, to }: ChainedJournal, versionMax: number): number | null => {
  if (versionMax === Number.POSITIVE_INFINITY) return to;
  const late = scanJournal(folder, id).records.find(
    ({ versions }) => versions !== null && versions.before >= versionMax,
  );
  return late === undefined || (to !== null && late.offset >= to) ? to : late.offset;
};

const provable = (
  { model }: OpenModel,
  after: ReadUpTo,
  image: CheckpointFile | null,
): Provable => ({
  model,
  objects: model.objects,
  after,
  image,
});

/** The run in an image; null: the image is unusable. */
const wholeImage = async (
  folder: string,
  file: CheckpointFile,
  runId: RunId,
): Promise<OpenModel | null> => {
  const bytes = readImage(folder, file);
  if (bytes === null) return null;
  const opened = openImage(await loadSql(), bytes, join(folder, file.file), runId);
  return isLeft(opened) ? null : opened.right;
};
