import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { frameOf } from '../../../adapters/filestore/journal/frame.ts';
import {
  compareJournals,
  journalFile,
  listRunFolder,
} from '../../../adapters/filestore/disk/run-folder.ts';
import { encodeEvents } from '../../../lib/core/codec/event-record.ts';
import {
  copyOf,
  folderOf,
  letGo,
  newestJournal,
  newStoreFolder,
  openStore,
  recordBounds,
} from '../../contract/filestore-folder.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import type { Step } from '../../support/core/commit.ts';
import { playHistory } from '../../support/core/play.ts';

/** The folder of a run at the death of its process, and what was acknowledged. */
export interface BuiltRun {
  readonly steps: readonly Step[];
  /**
   * The newest journal's file, and where its records begin and end. The first record is not a
   * commit.
   */
  readonly journal: string;
  readonly bounds: readonly number[];
  /** How many steps were acknowledged before the newest journal was begun. */
  readonly stepsBefore: number;
  /** Journals, oldest first. */
  readonly journals: readonly string[];
  /** Images, newest first. */
  readonly images: readonly string[];
  read(file: string): Buffer;
  /**
   * The run in a store of its own, with these files replaced; null: without that file. Valid until
   * the next call.
   */
  lay(changed?: Readonly<Record<string, Uint8Array | null>>): {
    readonly dir: string;
    readonly folder: string;
  };
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

const tailSteps = 8;
const stepsMin = 60;

/**
 * Steps of a history that moves rows. The last few are small, and one of the last three has
 * columns.
 */
export const stepsOf = (seed: number): readonly Step[] => {
  for (let attempt = 0; ; attempt += 1) {
    const all = playHistory(seed + attempt, { turnsMax: 80 }).steps.filter(
      (each) => each.events.length > 0,
    );
    if (all.length < stepsMin) continue;
    const ends = all
      .map((_, end) => end + 1)
      .filter((end) => end >= stepsMin && end <= 160 && sizeOf(all.slice(end - 3, end)) !== null);
    const [best] = ends.toSorted(
      (a, b) => (sizeOf(all.slice(a - 3, a)) ?? 0) - (sizeOf(all.slice(b - 3, b)) ?? 0),
    );
    if (best !== undefined) return all.slice(0, best);
  }
};

/** The byte size of the records; null: none of them has columns. */
const sizeOf = (steps: readonly Step[]): number | null => {
  const records = steps.map(({ events }) => encodeEvents(events));
  if (!records.some(({ columns }) => columns.length > 0)) return null;
  return records.reduce((sum, { header, columns }) => sum + frameOf(header, columns).length, 0);
};

/**
 * Built by the store itself: two owners, images and journals of the first, a last journal of the
 * second.
 */
export const buildRun = async (seed: number): Promise<BuiltRun> => {
  const steps = stepsOf(seed);
  // Images are taken in the background, which takes longer on a busy machine.
  for (let pauseMs = 15; pauseMs < 60_000; pauseMs *= 2) {
    const built = await builtWithin(steps, pauseMs);
    if (built !== null) return built;
  }
  throw new Error(`seed ${seed} gave no run with two images`);
};

const builtWithin = async (steps: readonly Step[], pauseMs: number): Promise<BuiltRun | null> => {
  const dir = newStoreFolder();
  const first = await openStore(dir, { checkpointRows: 1 });
  const created = await ok(first.create(runId, null));
  const stepsBefore = steps.length - tailSteps;
  for (const [at, step] of steps.slice(0, stepsBefore).entries()) {
    await ok(created.commit(step.before.snapshot.version, step.events));
    if (at % 6 === 5) await pause(pauseMs);
  }
  await created.close();
  await first.close();
  const second = await openStore(dir, { checkpointRows: 1_000_000 });
  const owned = await ok(second.own(runId));
  for (const step of steps.slice(stepsBefore))
    await ok(owned.commit(step.before.snapshot.version, step.events));
  for (const name of objectsOf(steps)) {
    mkdirSync(dirname(join(folderOf(dir), 'objects', name)), { recursive: true });
    writeFileSync(join(folderOf(dir), 'objects', name), name);
  }
  const copy = copyOf(dir);
  await second.close();
  letGo(copy);
  // The last summary depends on when the owner was killed.
  rmSync(join(folderOf(copy), 'summary.json'), { force: true });
  return builtFrom(copy, steps, stepsBefore);
};

/** Every object that the steps name. */
export const objectsOf = (steps: readonly Step[]): readonly string[] => [
  ...new Set(
    steps
      .flatMap((step) => step.events)
      .flatMap((event) =>
        event.type === 'ItemsAccepted'
          ? [event.slice.requestObject, event.slice.itemObject]
          : event.type === 'FilesStored'
            ? [event.output?.object ?? null, event.error?.object ?? null]
            : [],
      )
      .filter((name) => name !== null),
  ),
];

const builtFrom = (copy: string, steps: readonly Step[], stepsBefore: number): BuiltRun | null => {
  const { journals, checkpoints } = listRunFolder(folderOf(copy));
  const files = new Map(
    readdirSync(folderOf(copy), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folderOf(copy).length + 1))
      .map((file) => [file, readFileSync(join(folderOf(copy), file))] as const),
  );
  const [newest] = journals;
  if (newest === undefined || checkpoints.length < 2) return null;
  const dir = newStoreFolder();
  return {
    steps,
    stepsBefore,
    journal: journalFile(newest),
    bounds: recordBounds(newestJournal(copy)),
    journals: journals.toSorted(compareJournals).map(journalFile),
    images: checkpoints.map(({ file }) => file),
    read: (file) => Buffer.from(files.get(file) ?? new Uint8Array()),
    lay(changed = {}) {
      rmSync(join(dir, 'runs'), { recursive: true, force: true });
      for (const [file, bytes] of Object.entries({ ...Object.fromEntries(files), ...changed })) {
        if (bytes === null) continue;
        mkdirSync(dirname(join(folderOf(dir), file)), { recursive: true });
        writeFileSync(join(folderOf(dir), file), bytes);
      }
      return { dir, folder: folderOf(dir) };
    },
  };
};
