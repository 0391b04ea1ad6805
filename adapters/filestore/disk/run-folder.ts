import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { unfinishedSuffix } from '../../../lib/disk/replace-file.ts';

/**
 * A journal's rank in the order: each change of ownership begins a new epoch, each checkpoint a new
 * number in it.
 */
export interface JournalId {
  readonly epoch: number;
  readonly n: number;
}

/**
 * A checkpoint image, named by the first journal that it does not contain and the checksum of its
 * bytes.
 */
export interface CheckpointFile extends JournalId {
  readonly file: string;
  readonly crc: number;
}

/** The contents of a run's folder, newest first. */
export interface FolderListing {
  readonly journals: readonly JournalId[];
  readonly checkpoints: readonly CheckpointFile[];
  readonly lockEpochs: readonly number[];
  /** Images that a dead owner did not finish. */
  readonly unfinished: readonly string[];
}

export const runFolder = (storeDir: string, runId: RunId): string => join(storeDir, 'runs', runId);
export const journalFile = ({ epoch, n }: JournalId): string => `journal.${epoch}.${n}`;
export const checkpointFile = ({ epoch, n }: JournalId, crc: number): string =>
  `checkpoint.${epoch}.${n}.${crc.toString(16).padStart(8, '0')}.sqlite`;
export const lockFile = (epoch: number): string => `lock.${epoch}`;
/**
 * The folder in which a repair keeps damaged and abandoned files. No checkpoint deletes from it.
 */
export const setAsideFolder = (epoch: number): string => `set-aside.${epoch}`;

const number = '([1-9][0-9]{0,14})';
const journalPattern = new RegExp(`^journal\\.${number}\\.${number}$`);
const checkpointPattern = new RegExp(
  `^checkpoint\\.${number}\\.${number}\\.([0-9a-f]{8})\\.sqlite$`,
);
const lockPattern = new RegExp(`^lock\\.${number}$`);

/** Throws I/O errors when the folder cannot be read. */
export const listRunFolder = (folder: string): FolderListing => {
  const journals: JournalId[] = [];
  const checkpoints: CheckpointFile[] = [];
  const lockEpochs: number[] = [];
  const unfinished: string[] = [];
  for (const file of readdirSync(folder)) {
    const journal = journalPattern.exec(file);
    const checkpoint = checkpointPattern.exec(file);
    const lock = lockPattern.exec(file);
    if (journal !== null) journals.push({ epoch: Number(journal[1]), n: Number(journal[2]) });
    else if (checkpoint !== null)
      checkpoints.push({
        epoch: Number(checkpoint[1]),
        n: Number(checkpoint[2]),
        crc: Number.parseInt(checkpoint[3] ?? '', 16),
        file,
      });
    else if (lock !== null) lockEpochs.push(Number(lock[1]));
    else if (file.startsWith('checkpoint.') && file.endsWith(unfinishedSuffix))
      unfinished.push(file);
  }
  return {
    journals: journals.sort((a, b) => compareJournals(b, a)),
    checkpoints: checkpoints.sort((a, b) => compareJournals(b, a)),
    lockEpochs: lockEpochs.sort((a, b) => b - a),
    unfinished,
  };
};

export const compareJournals = (a: JournalId, b: JournalId): number =>
  a.epoch - b.epoch || a.n - b.n;

/**
 * The highest epoch with any file in the folder. A power loss may remove a lock file, but journals
 * are fsynced.
 */
export const highestEpoch = ({ journals, checkpoints, lockEpochs }: FolderListing): number =>
  Math.max(lockEpochs[0] ?? 0, journals[0]?.epoch ?? 0, checkpoints[0]?.epoch ?? 0);
