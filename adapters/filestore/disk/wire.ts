import type { JsonObject } from '../../../lib/core/json/json.ts';
import { imageFormat } from '../checkpoint/image-reader.ts';
import type { JournalAccount } from '../journal/journal-account.ts';
import type { CheckpointFile } from './run-folder.ts';

/** The contents of a run's folder. */
export interface Parts {
  readonly epoch: number;
  readonly journals: readonly JournalAccount[];
  readonly images: readonly { readonly image: CheckpointFile; readonly isWhole: boolean }[];
  readonly unfinished: readonly string[];
  readonly objects: { readonly count: number; readonly unreferenced: readonly string[] };
  readonly setAside: readonly string[];
}

/** The most names that are listed; all are counted. */
const namesMax = 20;

/** The parts as printed JSON. */
export const partsToWire = ({
  epoch,
  journals,
  images,
  unfinished,
  objects,
  setAside,
}: Parts): JsonObject => ({
  format: imageFormat,
  epoch,
  journals: journals.map(journalToWire),
  images: images.map(({ image, isWhole }) => ({ file: image.file, is_whole: isWhole })),
  unfinished_images: unfinished,
  objects: {
    count: objects.count,
    unreferenced_count: objects.unreferenced.length,
    unreferenced: objects.unreferenced.slice(0, namesMax),
  },
  set_aside: setAside,
});

const journalToWire = ({ scan, doesCount, takenOverBytes }: JournalAccount): JsonObject => {
  const versions = scan.records.flatMap((record) =>
    record.versions === null ? [] : [record.versions],
  );
  return {
    file: scan.file,
    does_count: doesCount,
    bytes: scan.bytes,
    taken_over_bytes: takenOverBytes,
    commit_count: versions.length,
    first_version: versions[0]?.before ?? null,
    last_version: versions[versions.length - 1]?.after ?? null,
    torn_bytes: scan.tornBytes,
    damaged: scan.records.flatMap(({ offset, what }) => (what === null ? [] : [{ offset, what }])),
  };
};
