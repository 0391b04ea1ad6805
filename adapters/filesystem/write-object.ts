import { createReadStream } from 'node:fs';
import { link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolderDurably, syncFolder, errnoOf } from '../../lib/disk/make-folder.ts';
import { replaceFile, type WriteAll } from '../../lib/disk/replace-file.ts';
import { sumsPath, type BlockSums, createSumsWriter, encodeSums } from './sums-file.ts';
import { unfinishedName } from './object-files.ts';

const gatheredBytesMax = 256 * 1024;

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
  write: WriteAll,
): Promise<number> => {
  const folder = dirname(path);
  await makeFolderDurably(folder);
  const temporary = unfinishedName(folder);
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
  await replaceFile(sumsPath(path), [encodeSums(sums.end())], {
    durable: 'name',
    aside: unfinishedName(dirname(path)),
  });
};

const writeTemporary = async (
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  write: WriteAll,
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
