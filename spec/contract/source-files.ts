import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FileTuning } from '../../adapters/files/file-source.ts';

/** Chunks and slices so small that rows straddle many of them. */
export const tiny = (chunkBytes: number, sliceRowsMax = 4): FileTuning => ({
  chunkBytes,
  sliceRowsMax,
  sliceBytesMax: 1_000_000,
});

/** A file of these contents in a folder of its own, gone when the test is over. */
export const tempFile = async (name: string, contents: string | Uint8Array): Promise<string> => {
  const path = join(await tempFolder(), name);
  await writeFile(path, contents);
  return path;
};

/** A folder that is gone when the test is over. */
export const tempFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'batchor-source-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** How many descriptors on the path this process has open; 0 where the system cannot tell. */
export const openHandlesOn = async (path: string): Promise<number> => {
  const folder = '/proc/self/fd';
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(
    names.map((name) => readlink(join(folder, name)).catch(() => null)),
  );
  return targets.filter((target) => target === path).length;
};
