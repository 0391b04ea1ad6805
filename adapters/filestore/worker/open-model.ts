import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Database, SqlJsStatic } from 'sql.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { readHistory, type ReadUpTo, replayJournal, readChain } from '../journal/history.ts';
import { lostCommits, lostRun } from '../repair/lost-work.ts';
import { readSummary } from '../store/summary.ts';
import { readModel, sourceOf, type Tables } from '../checkpoint/image-reader.ts';
import { type JournalId, compareJournals, listRunFolder } from '../disk/run-folder.ts';
import { RunModel } from '../../../lib/rows/run-model.ts';
import { loadSql, tune } from '../checkpoint/sql.ts';

/** A run in memory, with the database that holds its older segments. */
export interface OpenModel {
  readonly model: RunModel;
  readonly tables: Tables;
  /** How far journals were read; null: there was none. */
  readonly readUpTo: ReadUpTo | null;
  /** The checkpoint it was read from; null: none. */
  readonly base: JournalId | null;
  /** How many journals were replayed after the checkpoint. */
  readonly journalCount: number;
}

/**
 * Reads a run: the newest whole checkpoint, then every later journal in order. Throws I/O errors.
 */
export const openModel = async (
  folder: string,
  runId: RunId,
): Promise<Either<PortError, OpenModel>> => {
  // Reads the summary before the journals. In the other order, a commit in between would look lost.
  const summary = readSummary(folder);
  const history = readHistory(folder);
  if (isLeft(history)) return history;
  if (history.right === null) return nothingIn(folder, runId);
  const { image, journals } = history.right;
  const opened =
    image === null
      ? right(emptyModel(runId))
      : openImage(await loadSql(), image.bytes, join(folder, image.file.file), runId);
  if (isLeft(opened)) return opened;
  const { model, tables } = opened.right;
  let readUpTo: ReadUpTo | null = null;
  let isWhole = false;
  try {
    for (const journal of journals) {
      const replayed = replayJournal(folder, model, journal, journal.start);
      if (isLeft(replayed)) return replayed;
      readUpTo = replayed.right;
    }
    const { version } = model.snapshot;
    const isKnownBatch = (batchKey: string): boolean => model.records.has(batchKey);
    const lost =
      version === 0
        ? lostRun(folder)
        : lostCommits(folder, summary, { version, epoch: readUpTo?.epoch ?? 0, isKnownBatch });
    if (lost !== null) return left(lost);
    isWhole = true;
    return right({
      model,
      tables,
      readUpTo,
      base: image?.file ?? null,
      journalCount: journals.length,
    });
  } finally {
    if (!isWhole) tables.database?.close();
  }
};

const nothingIn = (folder: string, runId: RunId): Either<PortError, OpenModel> => {
  const lost = lostRun(folder);
  return lost === null ? right(emptyModel(runId)) : left(lost);
};

/** A run before its first event. */
export const emptyModel = (runId: RunId): OpenModel => {
  const tables: Tables = { database: null };
  return {
    model: new RunModel(runId, sourceOf(tables, runId)),
    tables,
    readUpTo: null,
    base: null,
    journalCount: 0,
  };
};

/** The run from the bytes of an image. */
export const openImage = (
  sql: SqlJsStatic,
  bytes: Uint8Array,
  path: string,
  runId: RunId,
): Either<PortError, OpenModel> => {
  let database: Database | null = null;
  try {
    database = new sql.Database(bytes);
    tune(database);
    const tables: Tables = { database };
    const model = readModel(database, tables, runId);
    if (model._tag === 'Right')
      return right({ model: model.right, tables, readUpTo: null, base: null, journalCount: 0 });
    database.close();
    return left({ type: 'corrupt', message: `${path} cannot be used: ${model.left}`, where: path });
  } catch (cause) {
    database?.close();
    const reason = cause instanceof Error ? cause.message : String(cause);
    return left({
      type: 'corrupt',
      message: `${path} matches its checksum, but SQLite cannot read it: ${reason}`,
      where: path,
    });
  }
};

/**
 * Reads on from the last byte that a reader has read, into later journals too. Null: the journal it
 * read is gone or no longer counts, so the reader must start again.
 */
export const catchUp = (
  folder: string,
  { model, readUpTo }: OpenModel,
): Either<PortError, ReadUpTo> | null => {
  if (readUpTo === null) return null;
  const chain = readChain(
    folder,
    listRunFolder(folder),
    (id) => compareJournals(id, readUpTo) === 0,
  );
  if (isLeft(chain)) return left(chain.left);
  const [first] = chain.right;
  if (first === undefined || compareJournals(first.id, readUpTo) !== 0) return null;
  // It read bytes that the next owner did not take over.
  if (first.to !== null && first.to < readUpTo.bytes) return null;
  let at: ReadUpTo = readUpTo;
  for (const journal of chain.right) {
    const replayed = replayJournal(
      folder,
      model,
      journal,
      journal === first ? readUpTo.bytes : journal.start,
    );
    if (isLeft(replayed)) return replayed;
    at = replayed.right;
  }
  return right(at);
};
