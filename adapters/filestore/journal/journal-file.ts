import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { type Frame, unframe, type Unframed, frameOf, seal } from './frame.ts';
import { journalFile, type JournalId } from '../disk/run-folder.ts';
import type { Disk } from '../disk/disk.ts';

/**
 * The first record of every journal: the journal and length that it continues. Later bytes of that
 * journal are ignored for ever.
 */
export interface Link extends JournalId {
  readonly runId: RunId;
  readonly after: (JournalId & { readonly bytes: number }) | null;
  /** The run's version before the first commit in this journal. */
  readonly version: number;
  /** The job description, in a run's first journal; null in others. */
  readonly description: JsonObject | null;
}

export const linkHeader = (link: Link): JsonObject => ({
  link: { ...link, after: link.after === null ? null : { ...link.after } },
});

export const corrupt = (path: string, offset: number, what: string): PortError => ({
  type: 'corrupt',
  message: `${path} is damaged: the record at byte ${offset} is whole, but ${what}; nothing was changed`,
  where: `${path}:${offset}`,
});

/** Bytes of a file from an offset, in a buffer of their own, so that columns can be views of it. */
export const readBytes = (path: string, from: number, to: number | null): Uint8Array => {
  const fd = openSync(path, 'r');
  try {
    const end = Math.min(to ?? Number.POSITIVE_INFINITY, fstatSync(fd).size);
    const bytes = new Uint8Array(Math.max(0, end - from));
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(fd, bytes, at, bytes.length - at, from + at);
      if (read === 0) break;
      at += read;
    }
    return at === bytes.length ? bytes : bytes.slice(0, at);
  } finally {
    closeSync(fd);
  }
};

/** How far whole records reach, and the error behind them; a torn record is not an error. */
export interface ReadFrames {
  readonly end: number;
  readonly fault: PortError | null;
}

/** Visits every whole record from an offset on. Stops at a torn record and at the first error. */
export const readFrames = (
  path: string,
  from: number,
  to: number | null,
  visit: (frame: Frame, offset: number) => PortError | null,
): ReadFrames => {
  const bytes = readBytes(path, from, to);
  let at = 0;
  while (at < bytes.length) {
    const found = unframe(bytes, at);
    if (found.type === 'torn') break;
    if (found.type === 'wrong')
      return { end: from + at, fault: corrupt(path, from + at, found.what) };
    const fault = visit(found.frame, from + at);
    if (fault !== null) return { end: from + at, fault };
    at = found.frame.end;
  }
  // A later journal states that these bytes were whole.
  if (to !== null && from + at !== to) {
    const fault: PortError = {
      type: 'corrupt',
      message: `${path} is damaged: whole records end at byte ${from + at}, but the next journal continues it from byte ${to}`,
      where: `${path}:${from + at}`,
    };
    return { end: from + at, fault };
  }
  return { end: from + at, fault: null };
};

/** The record at an offset, read without the rest of the file. */
export const readOneFrame = (path: string, offset: number): Unframed => {
  // Most first records are short; one with a large description may not be.
  for (let bytesMax = 16 * 1024; ; bytesMax *= 16) {
    const bytes = readBytes(path, offset, offset + bytesMax);
    const found = unframe(bytes, 0);
    if (found.type !== 'torn' || bytes.length < bytesMax) return found;
  }
};

/** The first record; null: it is not whole, so no commit in this journal was acknowledged. */
export const readLink = (
  folder: string,
  id: JournalId,
): Either<PortError, { readonly link: Link; readonly end: number } | null> => {
  const path = join(folder, journalFile(id));
  const found = readOneFrame(path, 0);
  if (found.type === 'torn') return right(null);
  if (found.type === 'wrong') return left(corrupt(path, 0, found.what));
  const link = asLink(found.frame.header['link'], id);
  return link === null
    ? left(corrupt(path, 0, 'it does not state which journal it continues'))
    : right({ link, end: found.frame.end });
};

const asLink = (value: JsonValue | undefined, id: JournalId): Link | null => {
  if (!isJsonObject(value)) return null;
  const { runId, epoch, n, after, version, description } = value;
  if (typeof runId !== 'string' || epoch !== id.epoch || n !== id.n || typeof version !== 'number')
    return null;
  const previous = isJsonObject(after)
    ? { epoch: Number(after['epoch']), n: Number(after['n']), bytes: Number(after['bytes']) }
    : null;
  if (previous === null && after !== null) return null;
  return {
    runId: runId as RunId,
    epoch: id.epoch,
    n: id.n,
    after: previous,
    version,
    description: isJsonObject(description) ? description : null,
  };
};

/** The journal that an owner writes. After it throws an I/O error, no more may be written to it. */
export interface JournalWriter extends JournalId {
  readonly path: string;
  /** The byte offset of the next record. */
  bytes(): number;
  /** Makes all of the records durable, with one write and one sync. */
  append(frames: readonly Uint8Array[]): void;
  close(): void;
}

/** Begins a journal; its first record and its name are durable. */
export const beginJournal = (disk: Disk, folder: string, link: Link): JournalWriter => {
  const path = join(folder, journalFile(link));
  const fd = disk.create(path);
  let bytes = 0;
  const append = (frames: readonly Uint8Array[]): void => {
    for (const frame of frames) seal(frame);
    disk.write(fd, frames);
    disk.sync(fd);
    bytes += frames.reduce((sum, frame) => sum + frame.length, 0);
  };
  try {
    append([frameOf(linkHeader(link), [])]);
    disk.syncFolder(folder);
  } catch (cause) {
    disk.close(fd);
    throw cause;
  }
  return {
    epoch: link.epoch,
    n: link.n,
    path,
    bytes: () => bytes,
    append,
    close: () => disk.close(fd),
  };
};
