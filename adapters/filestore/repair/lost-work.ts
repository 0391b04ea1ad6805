import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unfinishedPrefix } from '../../filesystem/index.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { hasCommands } from '../disk/inbox.ts';
import { ownerOfFile, quotaFolder } from '../quota/reservation-file.ts';
import { journalFile, listRunFolder } from '../disk/run-folder.ts';
import { readSummary, type Summary, summaryFile } from '../store/summary.ts';

type Corrupt = Extract<PortError, { readonly type: 'corrupt' }>;

/** A run as its image and journals have it. */
export interface ReadRun {
  readonly version: number;
  /** The epoch of its newest journal. */
  readonly epoch: number;
  /** True for a batch that was ever planned. */
  readonly isKnownBatch: (batchKey: string) => boolean;
}

/**
 * The error for a folder without a whole `RunCreated` that has files which only exist after that
 * commit: a summary, an object, a command in the inbox, a quota file, an image, a second journal of
 * one owner, a repair. Null: the folder holds no more than an interrupted creation leaves. Locks
 * and first journals prove nothing, since a creation makes them first. Throws I/O errors.
 */
export const lostRun = (folder: string): Corrupt | null => {
  const traces = tracesOf(folder);
  if (traces.length === 0) return null;
  const { where, what } = missingJournal(folder);
  const message =
    `${what}, but this run acknowledged work: ${traces.join('; ')}. Nothing was changed. ` +
    'Restore its journals from a backup; or recover what an image proves (`batchor doctor --repair`); or remove the run (`batchor delete --run-id RUN --abandon`)';
  return { type: 'corrupt', message, where };
};

/**
 * The error for a run whose journals are whole but end too early, for example after an older backup
 * was restored. Either its owner acknowledged a later version, or the folder holds answers of a
 * batch that the journals do not name. `summary` was read before the journals. Null: no loss is
 * known. Throws I/O errors.
 */
export const lostCommits = (
  folder: string,
  summary: Summary | null,
  { version, epoch, isKnownBatch }: ReadRun,
): Corrupt | null => {
  // A summary of a past epoch does not show what its successor, or a repair, began with.
  if (summary !== null && summary.epoch >= epoch && summary.snapshot.version > version) {
    const where = summaryFile(folder);
    const reason = `version ${summary.snapshot.version} was acknowledged (${where}), but the journals end at version ${version}`;
    return {
      type: 'corrupt',
      message: `${folder} has lost commits: ${reason}. Nothing was changed. ${advice}`,
      where,
    };
  }
  const raw = join(folder, 'objects', 'raw');
  for (const batchKey of namesIn(raw)) {
    if (isKnownBatch(batchKey)) continue;
    const file = firstFile(join(raw, batchKey));
    if (file === null) continue;
    const reason = `${file} holds answers of a batch that the journals, which end at version ${version}, do not name`;
    return {
      type: 'corrupt',
      message: `${folder} has lost commits: ${reason}. Nothing was changed. ${advice}`,
      where: file,
    };
  }
  return null;
};

const advice =
  'Restore the journals that belong to these files; or run `batchor doctor --repair`, which recovers the version that the journals prove and sets the rest aside';

const tracesOf = (folder: string): readonly string[] => {
  const names = namesIn(folder);
  const traces: string[] = [];
  if (names.includes(basename(summaryFile(folder)))) {
    const summary = readSummary(folder);
    traces.push(
      summary === null
        ? 'its summary.json was written'
        : `summary.json says version ${summary.snapshot.version}`,
    );
  }
  const object = firstFile(join(folder, 'objects'));
  if (object !== null) traces.push(`${object} was stored`);
  if (hasCommands(folder)) traces.push('its inbox holds a command');
  const { journals } = listRunFolder(folder);
  const later = journals.find(({ n }) => n > 1);
  if (later !== undefined) traces.push(`${journalFile(later)} continues another journal`);
  const kept = names.find(
    (name) => name.startsWith('checkpoint.') || name.startsWith('set-aside.'),
  );
  if (kept !== undefined) traces.push(`${kept} exists`);
  const quota = quotaFileOf(folder);
  if (quota !== null) traces.push(`${quota} states its share of the provider's queue`);
  return traces;
};

const missingJournal = (folder: string): { readonly where: string; readonly what: string } => {
  const [newest] = listRunFolder(folder).journals;
  if (newest === undefined)
    return { where: folder, what: `${folder} has no journal (files journal.EPOCH.NUMBER)` };
  const path = join(folder, journalFile(newest));
  const { size } = statSync(path);
  const what =
    size === 0 ? `${path} is empty` : `${path} has ${size} bytes and ends within its first commit`;
  return { where: `${path}:0`, what };
};

/**
 * A file of the run in the store's quota folder: an owner writes one when it plans its first batch.
 */
const quotaFileOf = (folder: string): string | null => {
  const quota = quotaFolder(dirname(dirname(folder)));
  for (const scope of namesIn(quota))
    for (const file of namesIn(join(quota, scope)))
      if (ownerOfFile(file)?.runId === basename(folder)) return join(quota, scope, file);
  return null;
};

/** The first file in a folder or below it, except unfinished ones. */
const firstFile = (folder: string): string | null => {
  if (!existsSync(folder)) return null;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const found = entry.isDirectory()
      ? firstFile(path)
      : entry.isFile() && !entry.name.startsWith(unfinishedPrefix)
        ? path
        : null;
    if (found !== null) return found;
  }
  return null;
};

const namesIn = (folder: string): readonly string[] =>
  existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
