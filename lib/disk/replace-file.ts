import { renameSync, rmSync, writeFileSync, writeSync, writevSync } from 'node:fs';
import { rename, rm, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytes } from 'node:crypto';
import { syncFolder } from './make-folder.ts';

export interface Replacing {
  /**
   * What survives a power loss once the call is over. `none`: the old bytes, the new ones or an
   * empty file. `bytes`: the old bytes or the new ones. `name`: the new bytes.
   */
  readonly durable: 'none' | 'bytes' | 'name';
  /**
   * A temporary name in the same folder that only this writer uses; it is overwritten. By default a
   * unique name is created.
   */
  readonly aside?: string;
}

/**
 * Replaces the file by these chunks: writes them under a temporary name, then renames. Concurrent
 * readers see the old bytes or the new ones. Throws I/O errors and those of the chunks; then the
 * file is unchanged, unless only the last step, making its name durable, failed.
 */
export const replaceFile = async (
  path: string,
  chunks: Chunks,
  { durable, aside }: Replacing,
): Promise<void> => {
  const temporary = aside ?? uniqueTemporaryName(path);
  try {
    await writeChunks(temporary, aside === undefined ? 'wx' : 'w', chunks, durable !== 'none');
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cause;
  }
  if (durable === 'name') await syncFolder(dirname(path));
};

/** The same for a text, before it returns; nothing is made durable. */
export const replaceFileNow = (path: string, text: string, aside?: string): void => {
  const temporary = aside ?? uniqueTemporaryName(path);
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: aside === undefined ? 'wx' : 'w' });
    renameSync(temporary, path);
  } catch (cause) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // The first error is the one to know.
    }
    throw cause;
  }
};

/** The suffix of a file that has not got its name yet. A dead writer may have left it. */
export const unfinishedSuffix = '.tmp';

/** Beside the file, for one writer at a time: its next call overwrites what a crash left. */
export const temporaryName = (path: string): string => `${path}${unfinishedSuffix}`;

/**
 * Beside the file, for concurrent writers. Process ids alone are not unique: one process may write
 * twice at once, and containers reuse them.
 */
const uniqueTemporaryName = (path: string): string =>
  temporaryName(`${path}.${process.pid}-${randomBytes(8).toString('hex')}`);

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

export type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Writes the chunks in order, no faster than the disk accepts them; texts as UTF-8. A new file is
 * readable for its owner only. True after, if `isDurable`: the bytes are durable, the file's name
 * not yet. Throws I/O errors and those of the chunks.
 */
export const writeChunks = async (
  path: string,
  flags: 'w' | 'wx' | 'a',
  chunks: Chunks,
  isDurable = true,
): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    // Only regular files can be synced.
    if (isDurable && (await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
};
