import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { syncFolderNow } from '../../../lib/disk/make-folder.ts';
import { writeAllNow, writeChunks } from '../../../lib/disk/replace-file.ts';

/** The system calls that durability depends on. Tests replace them to fill the disk. */
export interface Disk {
  /** Creates a file for writing; throws when it exists. */
  create(path: string): number;
  /** Writes all bytes, or throws. */
  write(fd: number, parts: readonly Uint8Array[]): void;
  sync(fd: number): void;
  /** Makes all earlier writes to the file durable, whichever process made them. */
  syncFile(path: string): void;
  close(fd: number): void;
  /** Makes the names in the folder durable. */
  syncFolder(path: string): void;
  /**
   * Writes a durable file under a temporary name, in chunks, so that other work continues
   * meanwhile.
   */
  writeAside(path: string, bytes: Uint8Array): Promise<void>;
  /** Renames a file, replacing any file of that name. */
  rename(from: string, to: string): Promise<void>;
}

const writtenAtOnceBytes = 4 * 1024 * 1024;

export const nodeDisk: Disk = {
  create: (path) => openSync(path, 'ax', 0o600),
  write: writeAllNow,
  sync: (fd) => fdatasyncSync(fd),
  syncFile: (path) => {
    // Windows cannot sync a file that is open read-only.
    const fd = openSync(path, 'r+');
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  close: (fd) => closeSync(fd),
  syncFolder: syncFolderNow,
  writeAside: (path, bytes) => writeChunks(path, 'w', cut(bytes)),
  rename,
};

/** Parts of the bytes, so that other work continues between two of them. */
function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += writtenAtOnceBytes)
    yield bytes.subarray(at, at + writtenAtOnceBytes);
}
