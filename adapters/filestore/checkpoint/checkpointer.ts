import { rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { SqlJsStatic } from 'sql.js';
import { temporaryName } from '../../../lib/disk/replace-file.ts';
import type { OpenRun } from '../worker/worker-calls.ts';
import type { Disk } from '../disk/disk.ts';
import { imageFormat } from './image-reader.ts';
import { bringUpToDate } from './image-writer.ts';
import { beginJournal, type JournalWriter } from '../journal/journal-file.ts';
import { isOwnLock } from '../ownership/lock-file.ts';
import type { OpenModel } from '../worker/open-model.ts';
import { emptyDatabase } from './sql.ts';
import {
  checkpointFile,
  compareJournals,
  journalFile,
  type JournalId,
  listRunFolder,
  lockFile,
} from '../disk/run-folder.ts';

/**
 * Writes database images in the background, so that opening replays little. A failure loses
 * nothing, since the journals continue.
 */
export interface Checkpointer {
  /**
   * In one synchronous turn: updates the database, exports it, and begins the journal that the
   * image names. `written` never rejects. Throws when the new journal cannot be begun.
   */
  take(
    sql: SqlJsStatic,
    journal: JournalWriter,
  ): { readonly next: JournalWriter; readonly written: Promise<void> };
  isBusy(): boolean;
  /** Whether an image at a clean close saves the next opening more than it costs now. */
  isWorthIt(): boolean;
  settled(): Promise<void>;
}

/** The most commits and journals that a clean close leaves for the next opening to replay. */
const replayedCommitsMax = 2_000;
const replayedJournalsMax = 8;
const readAtOnceBytes = 4 * 1024 * 1024;

export const createCheckpointer = (
  disk: Disk,
  { folder, runId, owner }: OpenRun,
  { model, tables, base, journalCount }: OpenModel,
): Checkpointer => {
  let busy: Promise<void> | null = null;
  /** The newest image known to be whole. */
  let newest: JournalId | null = base;
  /** Journals since the newest image; each opening begins one. */
  let journals = journalCount + 1;

  const write = async (bytes: Uint8Array, crc: number, first: JournalId): Promise<void> => {
    const file = checkpointFile(first, crc);
    const path = join(folder, file);
    const aside = temporaryName(path);
    try {
      await disk.writeAside(aside, bytes);
      await disk.rename(aside, path);
      disk.syncFolder(folder);
      // Deletes what the image replaces only after reading the image back.
      if ((await checksumOf(path)) !== crc) return;
      // A replaced owner deletes nothing: the new owner may depend on an older image.
      if (owner === null || !isOwnLock(folder, owner.epoch, owner.nonce)) return;
      removeReplaced(folder, newest, owner.epoch);
      newest = first;
    } catch {
      await rm(aside, { force: true }).catch(() => undefined);
    }
  };

  return {
    take(sql, journal) {
      const database = (tables.database ??= emptyDatabase(sql));
      const first: JournalId = { epoch: journal.epoch, n: journal.n + 1 };
      const { snapshot, description } = model;
      bringUpToDate(database, model, {
        format: imageFormat,
        run_id: runId,
        version: snapshot.version,
        first_journal: journalFile(first),
        description,
        snapshot: JSON.parse(JSON.stringify(snapshot)),
      });
      const bytes = database.export();
      const crc = crc32(bytes);
      const after = { epoch: journal.epoch, n: journal.n, bytes: journal.bytes() };
      const next = beginJournal(disk, folder, {
        runId,
        ...first,
        after,
        version: snapshot.version,
        description: null,
      });
      journal.close();
      journals = 1;
      model.changedRows = 0;
      model.changedTimes = 0;
      const written = write(bytes, crc, first).finally(() => {
        busy = null;
      });
      busy = written;
      return { next, written };
    },
    isBusy: () => busy !== null,
    // Replaying costs no more than loading SQLite and an image would, unless commits or journals
    // are many (docs/decisions/0013).
    isWorthIt: () => model.changedTimes > replayedCommitsMax || journals > replayedJournalsMax,
    settled: async () => {
      await busy;
    },
  };
};

const checksumOf = async (path: string): Promise<number> => {
  const handle = await open(path, 'r');
  try {
    const chunk = new Uint8Array(readAtOnceBytes);
    let crc = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length);
      if (bytesRead === 0) return crc;
      crc = crc32(chunk.subarray(0, bytesRead), crc);
    }
  } finally {
    await handle.close();
  }
};

/**
 * Deletes what the checkpoint before the newest makes redundant: older journals and checkpoints;
 * and lock files of past epochs, never the highest. Files of a replaced owner go with the next
 * checkpoint.
 */
const removeReplaced = (folder: string, before: JournalId | null, epoch: number): void => {
  const { checkpoints, journals, lockEpochs } = listRunFolder(folder);
  const isReplaced = (id: JournalId): boolean => before !== null && compareJournals(id, before) < 0;
  for (const checkpoint of checkpoints)
    if (isReplaced(checkpoint)) rmSync(join(folder, checkpoint.file), { force: true });
  for (const journal of journals)
    if (isReplaced(journal)) rmSync(join(folder, journalFile(journal)), { force: true });
  for (const old of lockEpochs)
    if (old < epoch) rmSync(join(folder, lockFile(old)), { force: true });
};
