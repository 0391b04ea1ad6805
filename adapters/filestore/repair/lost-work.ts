import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unfinishedPrefix } from '../../filesystem/index.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { hasCommands } from '../disk/inbox.ts';
import { ownerOfFile, quotaFolder } from '../quota/quota-record.ts';
import { journalFile, listRunFolder } from '../disk/run-folder.ts';
import { readSummary, type Summary, summaryFile } from '../store/summary.ts';

type Corrupt = Extract<PortError, { readonly type: 'corrupt' }>;

/** A run as its image and journals have it. */
export interface ReadRun {
  readonly version: number;
  /** Of its newest journal. */
  readonly epoch: number;
  /** True of a batch that was ever planned. */
  readonly isKnownBatch: (batchKey: string) => boolean;
}

/**
 * The refusal of a folder whose journals hold no whole `RunCreated`, though files in it exist only since that commit was acknowledged: a
 * summary, an object, a command in the inbox, a file in the quota folder, an image, a second journal of one owner, a repair. Null: the
 * folder holds no more than a creation leaves that was cut off. Locks and first journals prove nothing: a creation makes them first.
 * Throws what the system throws.
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
 * The refusal of a run whose journals are whole and end too early, as after an older backup was put in their place: its owner acknowledged a
 * later version, or answers lie here of a batch that the journals do not know. `summary` was read before the journals were. Null: nothing
 * is known to be lost. Throws what the system throws.
 */
export const lostCommits = (folder: string, summary: Summary | null, { version, epoch, isKnownBatch }: ReadRun): Corrupt | null => {
  // The summary of an epoch that is over says nothing of what its successor, or a repair, began with.
  if (summary !== null && summary.epoch >= epoch && summary.snapshot.version > version) {
    const where = summaryFile(folder);
    const said = `version ${summary.snapshot.version} was acknowledged (${where}), and the journals end at version ${version}`;
    return { type: 'corrupt', message: `${folder} has lost commits: ${said}. Nothing was changed. ${wayOn}`, where };
  }
  const raw = join(folder, 'objects', 'raw');
  for (const batchKey of namesIn(raw)) {
    if (isKnownBatch(batchKey)) continue;
    const file = firstFile(join(raw, batchKey));
    if (file === null) continue;
    const said = `${file} holds answers of a batch that the journals, which end at version ${version}, do not know`;
    return { type: 'corrupt', message: `${folder} has lost commits: ${said}. Nothing was changed. ${wayOn}`, where: file };
  }
  return null;
};

const wayOn =
  'Put back the journals that belong to these files; or go on from the version that they prove, and give up the rest: `batchor doctor --repair`';

const tracesOf = (folder: string): readonly string[] => {
  const names = namesIn(folder);
  const traces: string[] = [];
  if (names.includes(basename(summaryFile(folder)))) {
    const summary = readSummary(folder);
    traces.push(summary === null ? 'its summary.json was written' : `summary.json says version ${summary.snapshot.version}`);
  }
  const object = firstFile(join(folder, 'objects'));
  if (object !== null) traces.push(`${object} was stored`);
  if (hasCommands(folder)) traces.push('a command lies in its inbox');
  const { journals } = listRunFolder(folder);
  const later = journals.find(({ n }) => n > 1);
  if (later !== undefined) traces.push(`${journalFile(later)} was begun behind another journal`);
  const kept = names.find((name) => name.startsWith('checkpoint.') || name.startsWith('set-aside.'));
  if (kept !== undefined) traces.push(`${kept} was made`);
  const quota = quotaFileOf(folder);
  if (quota !== null) traces.push(`${quota} says what it holds of the provider's queue`);
  return traces;
};

const missingJournal = (folder: string): { readonly where: string; readonly what: string } => {
  const [newest] = listRunFolder(folder).journals;
  if (newest === undefined) return { where: folder, what: `${folder} has no journal (files journal.EPOCH.NUMBER)` };
  const path = join(folder, journalFile(newest));
  const { size } = statSync(path);
  const what = size === 0 ? `${path} is empty` : `${path} has ${size} bytes and ends within its first commit`;
  return { where: `${path}:0`, what };
};

/** A file of the run in the store's quota folder: an owner writes one when it plans its first batch. */
const quotaFileOf = (folder: string): string | null => {
  const quota = quotaFolder(dirname(dirname(folder)));
  for (const scope of namesIn(quota))
    for (const file of namesIn(join(quota, scope))) if (ownerOfFile(file)?.runId === basename(folder)) return join(quota, scope, file);
  return null;
};

/** The first file in a folder or below it; what a writer did not finish is none. */
const firstFile = (folder: string): string | null => {
  if (!existsSync(folder)) return null;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const found = entry.isDirectory() ? firstFile(path) : entry.isFile() && !entry.name.startsWith(unfinishedPrefix) ? path : null;
    if (found !== null) return found;
  }
  return null;
};

const namesIn = (folder: string): readonly string[] => (existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : []);
