import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Database, SqlJsStatic } from 'sql.js';
import type { RunId } from '../../lib/core/ids.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import { readHistory } from './history.ts';
import { readModel, sourceOf } from './image-reader.ts';
import { type ReadUpTo, replayJournal } from './replay.ts';
import type { JournalId } from './run-folder.ts';
import { RunModel } from './run-model.ts';
import { schema, tune } from './sql.ts';

/** A run in memory, with the database that its older parts are read from. */
export interface OpenModel {
  readonly model: RunModel;
  readonly database: Database;
  /** Null: there was no journal. */
  readonly readUpTo: ReadUpTo | null;
  /** The checkpoint that it was read from. */
  readonly base: JournalId | null;
}

/** Reads a run: the newest whole checkpoint, then every later journal in order. Throws what the system throws. */
export const openModel = (sql: SqlJsStatic, folder: string, runId: RunId): Either<PortError, OpenModel> => {
  const history = readHistory(folder);
  if (isLeft(history)) return history;
  if (history.right === null) return right(emptyModel(sql, runId));
  const { image, journals } = history.right;
  const opened = image === null ? right(emptyModel(sql, runId)) : fromImage(sql, image.bytes, join(folder, image.file.file), runId);
  if (isLeft(opened)) return opened;
  const { model, database } = opened.right;
  let readUpTo: ReadUpTo | null = null;
  for (const journal of journals) {
    const replayed = replayJournal(folder, model, journal, journal.start);
    if (isLeft(replayed)) {
      database.close();
      return replayed;
    }
    readUpTo = replayed.right;
  }
  return right({ model, database, readUpTo, base: image?.file ?? null });
};

/** A run without a past. */
export const emptyModel = (sql: SqlJsStatic, runId: RunId): OpenModel => {
  const database = new sql.Database();
  tune(database);
  database.run(schema);
  return {
    model: new RunModel(
      runId,
      sourceOf(() => database, runId),
    ),
    database,
    readUpTo: null,
    base: null,
  };
};

const fromImage = (sql: SqlJsStatic, bytes: Uint8Array, path: string, runId: RunId): Either<PortError, OpenModel> => {
  let database: Database | null = null;
  try {
    database = new sql.Database(bytes);
    tune(database);
    const model = readModel(database, runId);
    if (model._tag === 'Right') return right({ model: model.right, database, readUpTo: null, base: null });
    database.close();
    return left({ type: 'corrupt', message: `${path} cannot be used: ${model.left}`, where: path });
  } catch (cause) {
    database?.close();
    const said = cause instanceof Error ? cause.message : String(cause);
    return left({ type: 'corrupt', message: `${path} matches its checksum, and cannot be read: ${said}`, where: path });
  }
};
