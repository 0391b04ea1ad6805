import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { countLines } from '../../bytes/lines.ts';
import { syncFolder, errnoOf } from '../../disk/make-folder.ts';
import { type Chunks, writeChunks } from '../../disk/replace-file.ts';
import { BatchorError } from '../api/errors.ts';
import { behindLinks } from '../results/whole-file.ts';

/** Size and hash of a written file. */
export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Number of newlines. */
  readonly lineCount: number;
}

/** A folder that is being written, under a temporary name. */
export interface FolderDraft {
  /** Writes a durable file; `path` is relative to the folder, with `/`. */
  write(path: string, chunks: Chunks): Promise<WrittenFile>;
}

const marker = '.incomplete-';
/** Folders that this process is writing now. */
const underWay = new Set<string>();

/**
 * Writes a folder with what `fill` writes, and makes it durable. It has a temporary name until it
 * is complete. Removes such temporary folders of dead processes. Throws `invalid_config` if the
 * folder exists and is not empty.
 */
export const writeWholeFolder = async <A>(
  given: string,
  fill: (draft: FolderDraft) => Promise<A>,
): Promise<A & { readonly path: string }> => {
  const path = await behindLinks(resolve(given));
  const isThere = await isEmptyFolder(path);
  await mkdir(dirname(path), { recursive: true });
  await removeStale(path);
  const aside = `${path}${marker}${process.pid}`;
  if (underWay.has(aside)) throw refused(path, 'is being written by this process');
  underWay.add(aside);
  try {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    const folders = new Set([aside]);
    const filled = await fill({ write: (name, chunks) => writeFile(aside, name, chunks, folders) });
    for (const folder of [...folders].reverse()) await syncFolder(folder);
    // Some systems cannot rename onto an empty folder.
    if (isThere) await rmdir(path).catch((cause: unknown) => Promise.reject(notEmpty(path, cause)));
    await rename(aside, path).catch((cause: unknown) => Promise.reject(notEmpty(path, cause)));
    await syncFolder(dirname(path));
    return { ...filled, path };
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  } finally {
    underWay.delete(aside);
  }
};

const writeFile = async (
  root: string,
  name: string,
  chunks: Chunks,
  folders: Set<string>,
): Promise<WrittenFile> => {
  const path = join(root, ...name.split('/'));
  for (
    let folder = root, parts = name.split('/').slice(0, -1);
    parts.length > 0;
    parts = parts.slice(1)
  ) {
    folder = join(folder, parts[0] as string);
    if (!folders.has(folder)) await mkdir(folder, { mode: 0o700 });
    folders.add(folder);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  let lineCount = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      hash.update(part);
      bytes += part.length;
      lineCount += countLines(part);
      yield part;
    }
  }
  await writeChunks(path, 'wx', counted());
  return { bytes, sha256: hash.digest('hex'), lineCount };
};

/** True for an empty folder, false if nothing exists; throws for anything else. */
const isEmptyFolder = async (path: string): Promise<boolean> => {
  try {
    if ((await readdir(path)).length === 0) return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false;
    if (errnoOf(cause) !== 'ENOTDIR') throw cause;
    throw refused(path, 'is not a folder');
  }
  throw refused(path, 'is not empty');
};

/** Removes temporary folders of dead processes. */
const removeStale = async (path: string): Promise<void> => {
  const prefix = `${basename(path)}${marker}`;
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN;
    if (Number.isInteger(pid) && pid > 0 && pid !== process.pid && !isAlive(pid))
      await rm(join(dirname(path), name), { recursive: true, force: true });
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errnoOf(cause) !== 'ESRCH';
  }
};

const refused = (path: string, what: string): BatchorError =>
  new BatchorError(
    'invalid_config',
    { field: 'destinationDir' },
    `${path} ${what}`,
    'Name a new or an empty folder.',
  );

const notEmpty = (path: string, cause: unknown): unknown =>
  errnoOf(cause) === 'ENOTEMPTY' || errnoOf(cause) === 'EEXIST' || errnoOf(cause) === 'ENOTDIR'
    ? refused(path, 'was filled by another process meanwhile')
    : cause;
