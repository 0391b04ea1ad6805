import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDurably, syncFolder, writeParts } from './write-object.ts';

export const unfinishedSuffix = '.tmp';

/**
 * Replaces the content of a file. Concurrent readers see either the old or the new bytes. The bytes
 * and the name are durable if `isDurable`. For a single writer: a crash leaves a temporary file,
 * which the next call overwrites. Throws I/O errors, and then the file is unchanged.
 */
export const replaceFile = async (
  path: string,
  bytes: Uint8Array,
  isDurable: boolean,
): Promise<void> => {
  const folder = dirname(path);
  await makeDurably(folder);
  const aside = `${path}${unfinishedSuffix}`;
  try {
    const handle = await open(aside, 'w', 0o600);
    try {
      await writeParts(handle, [bytes]);
      if (isDurable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
    if (isDurable) await syncFolder(folder);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw cause;
  }
};
