import { writeSync, writevSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Writes all of the parts in order, or throws. Tests replace it to fill the disk. */
export type WriteAll = (handle: FileHandle, parts: readonly Uint8Array[]) => Promise<void>;

export const writeAll: WriteAll = async (handle, parts) => {
  const { bytesWritten } = await handle.writev(parts as Uint8Array[]);
  const rest = unwritten(parts, bytesWritten);
  for (let at = 0; at < rest.length;) at += (await handle.write(rest, at)).bytesWritten;
};

/** The same, before it returns. */
export const writeAllNow = (fd: number, parts: readonly Uint8Array[]): void => {
  const rest = unwritten(parts, writevSync(fd, parts));
  for (let at = 0; at < rest.length;) at += writeSync(fd, rest, at);
};

const none = Buffer.alloc(0);

/** What a short write left: writing it succeeds, or throws the error that explains it. */
const unwritten = (parts: readonly Uint8Array[], bytesWritten: number): Buffer =>
  bytesWritten === parts.reduce((sum, part) => sum + part.length, 0)
    ? none
    : Buffer.concat(parts as Uint8Array[]).subarray(bytesWritten);
