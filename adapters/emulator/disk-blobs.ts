import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore, ByteRange } from '../../lib/sim/provider/index.ts';

const readChunkBytes = 262_144;

/** Blobs as files in a folder, with at most one chunk of each in memory. The folder must exist. */
export const createDiskBlobs = (folder: string): BlobStore => ({
  create: async (key) => {
    const file = await open(join(folder, key), 'w', 0o600);
    return {
      write: async (bytes) => {
        await file.writeFile(bytes);
      },
      close: () => file.close(),
    };
  },
  read: (key, range) => readBlob(join(folder, key), range),
  remove: (key) => rm(join(folder, key), { force: true }),
});

async function* readBlob(path: string, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
  if (range !== undefined && range.end <= range.start) return;
  // Node's `end` is inclusive.
  const part = range === undefined ? {} : { start: range.start, end: range.end - 1 };
  for await (const chunk of createReadStream(path, { highWaterMark: readChunkBytes, ...part }))
    yield chunk as Uint8Array;
}
