import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BatchorError } from '../api/errors.ts';
import { behindLinks } from '../results/whole-file.ts';

/** A file as it was written. */
export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Newlines in it. */
  readonly lineCount: number;
}

/** A folder under way: under another name until it is whole. */
export interface FolderDraft {
  /** Writes a file, `/`-separated below the folder, and makes it durable. */
  write(path: string, chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>): Promise<WrittenFile>;
}

const marker = '.incomplete-';
/** Folders that this process is writing. */
const underWay = new Set<string>();

/**
 * True after: the folder is there, whole and durable, with what `fill` wrote and nothing else. Until then it has another name, which says that it is
 * not whole, so that an interrupted export never looks like one; what dead processes left so beside it is removed. The folder must not exist, or be
 * empty: anything else is left alone.
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
  if (underWay.has(aside)) throw refused(path, 'is being written by this very process');
  underWay.add(aside);
  try {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    const folders = new Set([aside]);
    const filled = await fill({ write: (name, chunks) => writeFile(aside, name, chunks, folders) });
    for (const folder of [...folders].reverse()) await syncFolder(folder);
    // Not everywhere does a rename replace a folder, even an empty one.
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
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  folders: Set<string>,
): Promise<WrittenFile> => {
  const path = join(root, ...name.split('/'));
  for (let folder = root, parts = name.split('/').slice(0, -1); parts.length > 0; parts = parts.slice(1)) {
    folder = join(folder, parts[0] as string);
    if (!folders.has(folder)) await mkdir(folder, { mode: 0o700 });
    folders.add(folder);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  let lineCount = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      hash.update(part);
      bytes += part.length;
      for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, at + 1)) lineCount += 1;
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex'), lineCount };
};

/** True for an empty folder, false where there is nothing; throws for anything else. */
const isEmptyFolder = async (path: string): Promise<boolean> => {
  try {
    if ((await readdir(path)).length === 0) return true;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false;
    if (codeOf(cause) !== 'ENOTDIR') throw cause;
    throw refused(path, 'is no folder');
  }
  throw refused(path, 'is not empty');
};

/** What a process wrote that is no more. */
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
    return codeOf(cause) !== 'ESRCH';
  }
};

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : null);

const refused = (path: string, what: string): BatchorError =>
  new BatchorError(
    'invalid_config',
    { field: 'destinationDir' },
    `${path} ${what}`,
    'Name a folder that is not there yet, or an empty one.',
  );

const notEmpty = (path: string, cause: unknown): unknown =>
  codeOf(cause) === 'ENOTEMPTY' || codeOf(cause) === 'EEXIST' || codeOf(cause) === 'ENOTDIR'
    ? refused(path, 'was filled by somebody else meanwhile')
    : cause;

const syncFolder = async (folder: string): Promise<void> => {
  // Windows opens no folders; its rename is durable by journal.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
