import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isOwnObject } from '../../../lib/core/settle/raw-object.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import type { Damage, RunCondition } from '../../../lib/ports/store-care.ts';
import { objectsUnder } from '../../filesystem/index.ts';
import { readImage, type ReadUpTo } from '../journal/history.ts';
import { accountJournals, faultsOf, type JournalAccount } from '../journal/journal-account.ts';
import { lossBehind } from './loss.ts';
import { openModel } from '../worker/open-model.ts';
import { type Provable, readProvable } from './provable.ts';
import {
  type CheckpointFile,
  type FolderListing,
  highestEpoch,
  listRunFolder,
} from '../disk/run-folder.ts';
import { readSummary } from '../store/summary.ts';
import { partsToWire } from '../disk/wire.ts';

/** The condition of a run's folder, and what a repair needs. */
export interface Examined {
  /** Without its objects. */
  readonly condition: Omit<RunCondition, 'payload'>;
  readonly listing: FolderListing;
  readonly journals: readonly JournalAccount[];
  readonly damagedImages: readonly CheckpointFile[];
  /** The version, journal and image that the run can be recovered from; null: none. */
  readonly provable: (Pick<Provable, 'after' | 'image'> & { readonly version: number }) | null;
  /** Objects that no event names, up to that version. */
  readonly unreferenced: readonly string[];
}

/** Reads all durable files of a run except its objects, and writes nothing. Throws I/O errors. */
export const examineRun = async (
  folder: string,
  runId: RunId,
  owner: string | null,
): Promise<Examined> => {
  // Reads the summary before the journals. In the other order, a commit in between would look lost.
  const summary = readSummary(folder);
  const listing = listRunFolder(folder);
  const journals = accountJournals(folder, listing);
  const damagedImages = listing.checkpoints.filter((file) => readImage(folder, file) === null);
  const opening = await openingOf(folder, runId);
  const { refusal } = opening;
  const isForeign =
    refusal !== null && isOfAnotherVersion(folder, refusal, damagedImages, listing, journals);
  const proved =
    refusal === null || isForeign ? opening.proved : await provedOf(folder, listing, runId);
  // A summary of a past epoch does not count: the next owner published what it began with.
  const isCurrent = summary !== null && summary.epoch >= (listing.journals[0]?.epoch ?? 0);
  const publishedVersion = isCurrent ? summary.snapshot.version : 0;
  const isNoRun = refusal === null && proved === null && publishedVersion === 0;
  const loss =
    isForeign || isNoRun ? null : lossBehind(journals, proved, publishedVersion, refusal !== null);
  const damage = [
    ...journals.flatMap((journal) => damageOf(folder, journal)),
    ...damagedImages.map(({ file }) => ({
      where: join(folder, file),
      what: 'it does not match the checksum in its name',
    })),
  ];
  if (refusal !== null && !damage.some(({ where }) => where === refusal.where))
    damage.push({ where: refusal.where, what: refusal.message });
  const objects = await objectsUnder(join(folder, 'objects'));
  const unreferenced = objects.filter(
    (name) => proved === null || !isOwnObject(name, proved.objects),
  );
  const condition: Examined['condition'] = {
    runId,
    state: damage.length > 0 ? 'damaged' : opening.proved === null ? 'no_run' : 'whole',
    owner,
    version: opening.proved?.version ?? null,
    refusal: refusal?.message ?? null,
    damage,
    loss,
    parts: partsToWire({
      epoch: highestEpoch(listing),
      journals,
      images: listing.checkpoints.map((image) => ({
        image,
        isWhole: !damagedImages.includes(image),
      })),
      unfinished: listing.unfinished,
      objects: { count: objects.length, unreferenced },
      setAside: setAsideIn(folder),
    }),
  };
  return { condition, listing, journals, damagedImages, provable: proved, unreferenced };
};

interface Proved {
  readonly version: number;
  readonly objects: ReadonlySet<string>;
  readonly after: ReadUpTo;
  readonly image: CheckpointFile | null;
}
type Corrupt = Extract<PortError, { readonly type: 'corrupt' }>;

/** What opening the run now returns. */
const openingOf = async (
  folder: string,
  runId: RunId,
): Promise<{ readonly proved: Proved | null; readonly refusal: Corrupt | null }> => {
  const opened = await openModel(folder, runId);
  if (isLeft(opened)) {
    const error = opened.left;
    const reason = 'message' in error ? error.message : error.type;
    return {
      proved: null,
      refusal:
        error.type === 'corrupt' ? error : { type: 'corrupt', message: reason, where: folder },
    };
  }
  const { model, readUpTo, tables } = opened.right;
  tables.database?.close();
  if (model.snapshot.version === 0 || readUpTo === null) return { proved: null, refusal: null };
  return {
    proved: {
      version: model.snapshot.version,
      objects: model.objects,
      after: readUpTo,
      image: null,
    },
    refusal: null,
  };
};

const provedOf = async (
  folder: string,
  listing: FolderListing,
  runId: RunId,
): Promise<Proved | null> => {
  const found = await readProvable(folder, listing, runId);
  return found === null ? null : { ...found, version: found.model.snapshot.version };
};

/**
 * Whole records of another batchor version are not damaged: that version can read them, and a
 * repair would lose them.
 */
const isOfAnotherVersion = (
  folder: string,
  { where }: Corrupt,
  damagedImages: readonly CheckpointFile[],
  { checkpoints }: FolderListing,
  journals: readonly JournalAccount[],
): boolean =>
  checkpoints.some(
    (image) => join(folder, image.file) === where && !damagedImages.includes(image),
  ) ||
  journals.some(
    ({ scan, doesCount }) => doesCount && scan.records.some((record) => record.isForeign),
  );

/** The damage in the part of a journal that counts. */
const damageOf = (folder: string, journal: JournalAccount): readonly Damage[] => {
  const path = join(folder, journal.scan.file);
  return faultsOf(journal).map(({ offset, what }) => ({ where: `${path}:${offset}`, what }));
};

const setAsideIn = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('set-aside.')) : [];
