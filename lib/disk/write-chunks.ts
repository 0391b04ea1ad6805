import { open } from 'node:fs/promises';

export type Chunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * Writes the chunks in order, no faster than the disk accepts them; texts as UTF-8. A new file is
 * readable for its owner only. True after, if `isDurable`: the bytes are durable, the file's name
 * not yet. Throws I/O errors and those of the chunks.
 */
export const writeChunks = async (
  path: string,
  flags: 'w' | 'wx' | 'a',
  chunks: Chunks,
  isDurable = true,
): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    // Only regular files can be synced.
    if (isDurable && (await file.stat()).isFile()) await file.sync();
  } finally {
    await file.close();
  }
};
