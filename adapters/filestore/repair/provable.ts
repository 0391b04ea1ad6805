import { isLeft } from 'fp-ts/lib/Either.js';
import { join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { type ChainedJournal, readImage } from '../journal/history.ts';
import { readLink } from '../journal/journal-reader.ts';
import { scanJournal } from '../journal/journal-scan.ts';
import { emptyModel, openImage, type OpenModel } from '../worker/open-model.ts';
import { foldJournal, type ReadUpTo } from '../journal/replay.ts';
import { type CheckpointFile, compareJournals, type FolderListing, type JournalId } from '../disk/run-folder.ts';
import { loadSql } from '../checkpoint/sql.ts';

/** The longest beginning of a run that its files prove. */
export interface Provable {
  readonly model: OpenModel['model'];
  readonly objects: ReadonlySet<string>;
  /** The journal and length that a new owner goes on from. */
  readonly after: ReadUpTo;
  /** The image that alone proves it, no journal needed: a new owner's journal has to find it under its own name. */
  readonly image: CheckpointFile | null;
}

/**
 * Image and journals as far as every record is whole and follows from the one before; a damaged record ends it, whatever lies behind.
 * A journal whose first record is damaged proves nothing, and bounds what came before it: its own first commit tells the version that
 * was taken over, so that a replaced owner's late records are not taken for the run's. Null: nothing is proved. Throws what the system
 * throws.
 */
export const readProvable = async (folder: string, listing: FolderListing, runId: RunId): Promise<Provable | null> => {
  const byJournals = await provedByJournals(folder, listing, runId);
  // Images hold acknowledged commits only, a replaced owner's too: the one that reaches furthest counts.
  let best = byJournals;
  for (const file of listing.checkpoints) {
    // What it holds lies before a journal that was taken in.
    if (byJournals !== null && compareJournals(file, byJournals.after) <= 0) continue;
    const opened = await wholeImage(folder, file, runId);
    if (opened === null) continue;
    if (best === null || opened.model.snapshot.version > best.model.snapshot.version) {
      // Its journal may be damaged or gone: the length taken over is none.
      best = provable(opened, { epoch: file.epoch, n: file.n, bytes: 0 }, file);
    }
    opened.tables.database?.close();
  }
  return best;
};

const provedByJournals = async (folder: string, listing: FolderListing, runId: RunId): Promise<Provable | null> => {
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

/** The version that a journal's first whole commit follows. */
const firstVersion = (folder: string, id: JournalId): number =>
  scanJournal(folder, id).records.find(({ versions }) => versions !== null)?.versions?.before ?? Number.POSITIVE_INFINITY;

/** The journals that lead to one, back to a whole image or to the run's beginning. `base` null: they lead to neither. */
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

const foldReach = (folder: string, base: OpenModel, journals: readonly ChainedJournal[], versionMax: number): Provable | null => {
  const { model } = base;
  let after: ReadUpTo | null = null;
  for (const journal of journals) {
    const isNext = journal.link.version === model.snapshot.version && journal.link.version <= versionMax;
    if (!isNext || journal.link.runId !== model.runId) break;
    const to = cutAt(folder, journal, versionMax);
    const { readUpTo, fault } = foldJournal(folder, model, { ...journal, to }, journal.start);
    after = readUpTo;
    if (fault !== null || to !== journal.to) break;
  }
  if (model.snapshot.version === 0) return null;
  return after === null ? null : provable(base, after, null);
};

/** Where the journal reaches the version: what follows is not the run's. */
const cutAt = (folder: string, { id, to }: ChainedJournal, versionMax: number): number | null => {
  if (versionMax === Number.POSITIVE_INFINITY) return to;
  const late = scanJournal(folder, id).records.find(({ versions }) => versions !== null && versions.before >= versionMax);
  return late === undefined || (to !== null && late.offset >= to) ? to : late.offset;
};

const provable = ({ model }: OpenModel, after: ReadUpTo, image: CheckpointFile | null): Provable => ({
  model,
  objects: model.objects,
  after,
  image,
});

/** The run as an image has it; null: the image is of no use. */
const wholeImage = async (folder: string, file: CheckpointFile, runId: RunId): Promise<OpenModel | null> => {
  const bytes = readImage(folder, file);
  if (bytes === null) return null;
  const opened = openImage(await loadSql(), bytes, join(folder, file.file), runId);
  return isLeft(opened) ? null : opened.right;
};
