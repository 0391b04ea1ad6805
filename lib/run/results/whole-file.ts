import { open, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { newline } from '../../bytes/lines.ts';
import { replaceFile, writeChunks } from '../../disk/replace-file.ts';
import { writePipe } from './write-pipe.ts';

/**
 * Replaces the file with these texts. Writes a temporary file and renames it, so a reader never
 * sees half a file, and concurrent writers do not mix. Only the owner can read it. Follows links.
 * Writes to a pipe or a device directly. Throws system errors.
 */
export const writeWholeFile = async (
  given: string,
  texts: AsyncIterable<string | Uint8Array>,
): Promise<void> => {
  const path = await behindLinks(given);
  if (await isPipe(path)) return writePipe(path, texts);
  if (!(await isFileOrNothing(path))) return writeChunks(path, 'w', texts);
  await replaceFile(path, texts, { durable: 'bytes' });
};

/**
 * Appends lines. First ends an unfinished last line, e.g. of a writer that died. Otherwise that
 * line and the first new one would both be lost.
 */
export const appendLines = async (
  path: string,
  texts: AsyncIterable<string | Uint8Array>,
): Promise<void> => {
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
  await writeChunks(path, 'a', lines());
};

/**
 * True for a file whose last byte is not a newline. False for an empty file, a pipe, or no file.
 */
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

/** The usual limit of operating systems. */
const linksMax = 40;

/** Resolves links, also to a target that does not exist. Returns a path without links unchanged. */
export const behindLinks = async (path: string): Promise<string> => {
  let at = path;
  for (let followed = 0; followed < linksMax; followed += 1) {
    const real = await realpath(at).catch(() => null);
    if (real !== null) return real;
    const target = await readlink(at).catch(() => null);
    // E.g. /dev/stdout links to a pipe, which has no path.
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
