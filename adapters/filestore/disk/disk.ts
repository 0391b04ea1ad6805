import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync, writevSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

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
  write: (fd, parts) => {
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    const written = writevSync(fd, parts);
    if (written === wanted) return;
    // After a short write: writes the rest, or throws the error that explains it.
    const rest = Buffer.concat(parts).subarray(written);
    for (let at = 0; at < rest.length;) at += writeSync(fd, rest, at);
  },
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
  syncFolder: (path) => {
    // Windows cannot open folders; its directory entries are journalled.
    if (process.platform === 'win32') return;
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  writeAside: async (path, bytes) => {
    const handle = await open(path, 'w', 0o600);
    try {
      for (let at = 0; at < bytes.length; at += writtenAtOnceBytes)
        await handle.writeFile(bytes.subarray(at, at + writtenAtOnceBytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  rename,
};
