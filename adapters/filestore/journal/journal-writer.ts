import { join } from 'node:path';
import type { Disk } from '../disk/disk.ts';
import { frameOf, seal } from './frame.ts';
import { type Link, linkHeader } from './journal-reader.ts';
import { journalFile, type JournalId } from '../disk/run-folder.ts';

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
