import { open, realpath, rename, rm, stat } from 'node:fs/promises';

/**
 * True after: the file holds these texts and nothing else. Written aside and renamed, so that half of it never looks whole; readable by its
 * owner alone. A link is followed, and a pipe or a device is written to, not replaced. Throws what the system throws.
 */
export const writeWholeFile = async (given: string, texts: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const path = await behindLinks(given);
  if (!(await isFileOrNothing(path))) return writeTexts(path, 'w', texts);
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await writeTexts(aside, 'w', texts);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
};

/** Writes the texts one after the other, no faster than the disk takes them. */
export const writeTexts = async (path: string, flags: 'w' | 'a', texts: AsyncIterable<string | Uint8Array>): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    for await (const text of texts) await file.writeFile(text);
    // Not everything that can be written to can be synced.
    if ((await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
};

/** The path behind its links; what does not exist yet stays as it is. */
export const behindLinks = (path: string): Promise<string> => realpath(path).catch(() => path);

const isFileOrNothing = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
