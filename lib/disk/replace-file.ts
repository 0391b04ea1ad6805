import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';
import { uniqueTemporaryName } from './temporary-name.ts';
import { type Chunks, writeChunks } from './write-chunks.ts';

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
