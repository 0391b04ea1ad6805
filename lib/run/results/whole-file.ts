import { randomBytes } from 'node:crypto';
import { open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { writePipe } from './write-pipe.ts';

/**
 * True after: the file holds these texts and nothing else. Written aside and renamed, so that half of it never looks whole, and of several that
 * write it at once one is there, whole; readable by its owner alone. A link is followed, and a pipe or a device is written to, not replaced.
 * Throws what the system throws.
 */
export const writeWholeFile = async (given: string, texts: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const path = await behindLinks(given);
  if (await isPipe(path)) return writePipe(path, texts);
  if (!(await isFileOrNothing(path))) return writeTexts(path, 'w', texts);
  // The number of a process is not enough: one process may write a file twice at once, and two containers number theirs alike.
  const aside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeTexts(aside, 'wx', texts);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
};

/** Writes the texts one after the other, no faster than the disk takes them. */
export const writeTexts = async (path: string, flags: 'w' | 'wx' | 'a', texts: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    for await (const text of texts) await file.writeFile(text);
    // Not everything that can be written to can be synced.
    if ((await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
};

/**
 * Adds lines behind those that the file holds. Where the last of them has no end, because its writer died or never wrote one, it gets one: the
 * first new line would be a part of it, and both be lost.
 */
export const appendLines = async (path: string, texts: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const isOpen = await hasOpenEnd(path);
  async function* lines(): AsyncGenerator<string | Uint8Array> {
    let isEnded = !isOpen;
    for await (const text of texts) {
      if (text.length === 0) continue;
      if (!isEnded) yield '\n';
      isEnded = true;
      yield text;
    }
  }
  await writeTexts(path, 'a', lines());
};

const newline = 0x0a;

/** True for a file whose last byte ends no line; false for an empty one, a pipe, or what is not there. */
const hasOpenEnd = async (path: string): Promise<boolean> => {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile() || found.size === 0) return false;
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, found.size - 1);
    return bytesRead === 1 && buffer[0] !== newline;
  } finally {
    await file.close();
  }
};

/** As many as systems follow. */
const linksMax = 40;

/** The path behind its links, also where the last one leads to what does not exist yet; what does not exist stays as it is. */
export const behindLinks = async (path: string): Promise<string> => {
  let at = path;
  for (let followed = 0; followed < linksMax; followed += 1) {
    const real = await realpath(at).catch(() => null);
    if (real !== null) return real;
    const target = await readlink(at).catch(() => null);
    // A pipe has a link to it, as of /dev/stdout, and no path of its own.
    if (target === null || (await isThere(at))) return at;
    at = resolve(dirname(at), target);
  }
  return path;
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isPipe = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );

const isFileOrNothing = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
