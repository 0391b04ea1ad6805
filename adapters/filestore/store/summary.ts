import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { RunSnapshotCodec } from '../../../lib/core/codec/snapshot-codec.ts';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import { replaceFile, temporaryName } from '../../../lib/disk/replace-file.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import { journalFile, type JournalId, listRunFolder } from '../disk/run-folder.ts';

const publishedEveryMs = 500;
export const summaryFile = (folder: string): string => join(folder, 'summary.json');

/** The recent state of a run: for display, never for a decision. */
export interface Summary {
  readonly epoch: number;
  /** True when a clean close wrote it: no commit of this epoch came after it. */
  readonly isLast: boolean;
  /**
   * The newest journal at a clean close. While it is unchanged, the snapshot is current. Null
   * otherwise, and in summaries of the first release.
   */
  readonly journal: { readonly file: string; readonly bytes: number } | null;
  readonly snapshot: RunSnapshot;
}

/**
 * The published snapshot, if no commit can have come after it. That is the case after a clean close
 * of the newest epoch, or while an owner seems alive and has committed nothing since. Null: read
 * the run itself. A dead owner on another host, or one that cannot write its summary, leaves a
 * journal newer than the summary.
 */
export const currentSummary = (folder: string, isOwned: boolean): RunSnapshot | null => {
  const summary = readSummary(folder);
  if (summary === null) return null;
  try {
    const { lockEpochs, journals } = listRunFolder(folder);
    if (summary.epoch !== lockEpochs[0]) return null;
    const [journal] = journals;
    if (journal === undefined) return null;
    if (summary.isLast) return isAtItsEnd(folder, journal, summary) ? summary.snapshot : null;
    if (!isOwned) return null;
    const committedMs = statSync(join(folder, journalFile(journal))).mtimeMs;
    const publishedMs = statSync(summaryFile(folder)).mtimeMs;
    // The owner is about to publish a commit this recent.
    return publishedMs >= committedMs || Date.now() - committedMs < 2 * publishedEveryMs
      ? summary.snapshot
      : null;
  } catch {
    // The run is being removed; opening it reports that.
    return null;
  }
};

/**
 * True when the newest journal is the one that the owner closed. A journal that was lost, cut or
 * restored from a backup differs: then the run itself must be read.
 */
const isAtItsEnd = (folder: string, newest: JournalId, { epoch, journal }: Summary): boolean => {
  const { size } = statSync(join(folder, journalFile(newest)));
  return journal === null
    ? newest.epoch === epoch && size > 0
    : journal.file === journalFile(newest) && journal.bytes === size;
};

const newestJournal = (folder: string): Summary['journal'] => {
  const [newest] = listRunFolder(folder).journals;
  if (newest === undefined) return null;
  return { file: journalFile(newest), bytes: statSync(join(folder, journalFile(newest))).size };
};

const journalIn = (value: unknown): Summary['journal'] => {
  if (typeof value !== 'object' || value === null || !('file' in value) || !('bytes' in value))
    return null;
  return typeof value.file === 'string' && typeof value.bytes === 'number'
    ? { file: value.file, bytes: value.bytes }
    : null;
};

/** The last published summary; null: none that can be read. */
export const readSummary = (folder: string): Summary | null => {
  try {
    const value: unknown = JSON.parse(readFileSync(summaryFile(folder), 'utf8'));
    if (!isJsonObject(value) || typeof value['epoch'] !== 'number') return null;
    const snapshot = RunSnapshotCodec.decode(value['snapshot']);
    if (!isRight(snapshot)) return null;
    return {
      epoch: value['epoch'],
      isLast: value['isLast'] === true,
      journal: journalIn(value['journal']),
      snapshot: snapshot.right,
    };
  } catch {
    return null;
  }
};

/** Publishes the owner's newest snapshot, at most every 500 ms and at the close. */
export interface SummaryPublisher {
  changed(snapshot: RunSnapshot): void;
  close(isClean: boolean): Promise<void>;
}

export const createSummaryPublisher = (folder: string, epoch: number): SummaryPublisher => {
  let newest: RunSnapshot | null = null;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let writtenAtMs = Number.NEGATIVE_INFINITY;

  const write = (isLast: boolean): void => {
    const snapshot = newest;
    if (snapshot === null) return;
    writtenAtMs = performance.now();
    // One write at a time, so that an older snapshot cannot replace a newer one.
    writing = writing.then(async () => {
      const path = summaryFile(folder);
      try {
        const journal = isLast ? newestJournal(folder) : null;
        const summary = { epoch, isLast, journal, snapshot } satisfies Summary;
        await replaceFile(path, [JSON.stringify(summary)], {
          durable: 'none',
          aside: temporaryName(`${path}.${epoch}`),
        });
      } catch {
        // Without a summary, readers open the run itself.
      }
    });
  };

  return {
    changed(snapshot) {
      newest = snapshot;
      if (timer !== null) return;
      const waitMs = writtenAtMs + publishedEveryMs - performance.now();
      if (waitMs <= 0) return write(false);
      timer = setTimeout(() => {
        timer = null;
        write(false);
      }, waitMs);
      timer.unref();
    },
    async close(isClean) {
      if (timer !== null) clearTimeout(timer);
      if (isClean) write(true);
      await writing;
    },
  };
};
