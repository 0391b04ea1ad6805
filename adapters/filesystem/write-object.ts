import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BlockSums, createSumsWriter, encodeSums } from './block-sums.ts';
import { errnoOf } from './io-error.ts';
import { makeFolder } from './make-folder.ts';
import { unfinishedPrefix } from './object-name.ts';
import { sumsPath } from './sums-file.ts';

const gatheredBytesMax = 256 * 1024;

/** Writes all of the parts. Tests replace it to fill the disk. */
export type WriteParts = (handle: FileHandle, parts: readonly Uint8Array[]) => Promise<void>;

export const writeParts: WriteParts = async (handle, parts) => {
  const wanted = parts.reduce((sum, part) => sum + part.length, 0);
  const { bytesWritten } = await handle.writev(parts as Uint8Array[]);
  if (bytesWritten === wanted) return;
  // After a short write: writes the rest, or throws the error that explains it.
  const rest = Buffer.concat(parts as Uint8Array[]).subarray(bytesWritten);
  for (let at = 0; at < rest.length;) at += (await handle.write(rest, at)).bytesWritten;
};

/** An error of the source of the chunks, not of the disk. */
export class ChunkSourceError extends Error {
  override readonly name = 'ChunkSourceError';
}

/** The name is in use: a stored object is never overwritten. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError';
}

/**
 * Stores the object under its name with its checksums beside it; files and folder are durable.
 * Leaves nothing when it throws. The object gets its name first, so of two concurrent puts only the
 * successful one writes checksums. A crash in between leaves an object that was never acknowledged.
 */
export const writeObject = async (
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  write: WriteParts,
): Promise<number> => {
  const folder = dirname(path);
  await makeDurably(folder);
  const temporary = join(folder, `${unfinishedPrefix}${randomBytes(8).toString('hex')}`);
  const sumsAside = `${temporary}-sums`;
  try {
    const sums = await writeTemporary(temporary, chunks, write);
    await writeTemporary(sumsAside, [encodeSums(sums)], write);
    await publish(temporary, path);
    await rename(sumsAside, sumsPath(path));
    await syncFolder(folder);
    return sums.bytes;
  } finally {
    await rm(temporary, { force: true });
    await rm(sumsAside, { force: true });
  }
};

/** Writes durable checksums of the object's current bytes. Throws I/O errors. */
export const writeSums = async (path: string): Promise<void> => {
  const sums = createSumsWriter();
  for await (const chunk of createReadStream(path)) sums.add(chunk as Uint8Array);
  const aside = join(dirname(path), `${unfinishedPrefix}${randomBytes(8).toString('hex')}-sums`);
  try {
    await writeTemporary(aside, [encodeSums(sums.end())], writeParts);
    await rename(aside, sumsPath(path));
    await syncFolder(dirname(path));
  } finally {
    await rm(aside, { force: true });
  }
};

const writeTemporary = async (
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  write: WriteParts,
): Promise<BlockSums> => {
  const handle = await open(path, 'wx', 0o600);
  try {
    const sums = createSumsWriter();
    let gathered: Uint8Array[] = [];
    let gatheredBytes = 0;
    const flush = async (): Promise<void> => {
      if (gatheredBytes > 0) await write(handle, gathered);
      gathered = [];
      gatheredBytes = 0;
    };
    for await (const chunk of guarded(chunks)) {
      sums.add(chunk);
      gatheredBytes += chunk.length;
      const isFull = gatheredBytes >= gatheredBytesMax;
      // Copied, since a source may reuse its buffer for the next chunk.
      gathered.push(isFull ? chunk : chunk.slice());
      if (isFull) await flush();
    }
    await flush();
    await handle.sync();
    return sums.end();
  } finally {
    await handle.close();
  }
};

/** Separates errors of the source from those of the disk. */
async function* guarded(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) yield chunk;
  } catch (cause) {
    throw new ChunkSourceError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * A hard link rejects an existing name atomically. Without hard links: check and rename (a run has
 * one owner).
 */
const publish = async (temporary: string, path: string): Promise<void> => {
  try {
    await link(temporary, path);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EEXIST' || (await exists(path))) throw new ObjectExistsError(path, { cause });
    if (code === null || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code))
      throw cause;
    await rename(temporary, path);
  }
};

const exists = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Creates the folder and its parents; a new folder's name is durable once its parent is synced. */
export const makeDurably = async (folder: string): Promise<void> => {
  const first = await makeFolder(folder);
  if (first === null) return;
  for (let at = folder; ; at = dirname(at)) {
    await syncFolder(dirname(at));
    if (at === first || dirname(at) === at) return;
  }
};

export const syncFolder = async (folder: string): Promise<void> => {
  // Windows cannot open folders; its renames are journalled.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
