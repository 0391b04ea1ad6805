import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync, writevSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

/** The few system calls that durability hangs on; the one place where a test lets the disk be full. */
export interface Disk {
  /** A new file, open for writing; refuses an existing one. */
  create(path: string): number;
  /** Writes all of it, or throws. */
  write(fd: number, parts: readonly Uint8Array[]): void;
  sync(fd: number): void;
  /** True after: what anybody wrote to the file is durable. */
  syncFile(path: string): void;
  close(fd: number): void;
  /** True after: names in the folder are durable. */
  syncFolder(path: string): void;
  /** True after: a file of these bytes is durable under a name that nobody looks for. Written bit by bit, while others go on. */
  writeAside(path: string, bytes: Uint8Array): Promise<void>;
  /** Gives a file its name, whatever had it before. */
  rename(from: string, to: string): Promise<void>;
}

const writtenAtOnceBytes = 4 * 1024 * 1024;

export const nodeDisk: Disk = {
  create: (path) => openSync(path, 'ax', 0o600),
  write: (fd, parts) => {
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    const written = writevSync(fd, parts);
    if (written === wanted) return;
    // A short write: the rest, or the error that explains it.
    const rest = Buffer.concat(parts).subarray(written);
    for (let at = 0; at < rest.length;) at += writeSync(fd, rest, at);
  },
  sync: (fd) => fdatasyncSync(fd),
  syncFile: (path) => {
    // Windows syncs no file that is open for reading alone.
    const fd = openSync(path, 'r+');
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  close: (fd) => closeSync(fd),
  syncFolder: (path) => {
    // Windows opens no folders; its directory entries are journalled.
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
      for (let at = 0; at < bytes.length; at += writtenAtOnceBytes) await handle.writeFile(bytes.subarray(at, at + writtenAtOnceBytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  rename,
};
