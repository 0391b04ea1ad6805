import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDurably, syncFolder, writeParts } from './write-object.ts';

export const unfinishedSuffix = '.tmp';

/**
 * True after: the file holds these bytes, whatever it held before; who reads meanwhile sees the old or the new ones, whole. Durable, the
 * name included, where asked. For the one writer of the file: what it dies over lies beside it, and is written anew the next time.
 * Throws what the system throws: then nothing has changed.
 */
export const replaceFile = async (path: string, bytes: Uint8Array, isDurable: boolean): Promise<void> => {
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
