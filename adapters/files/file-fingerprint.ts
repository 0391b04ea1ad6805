import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { openFile } from './open-file.ts';

const EDGE_BYTES = 1024 * 1024;
const SAMPLE_BYTES = 64 * 1024;
const SAMPLES = 8;
const WHOLE_BYTES_MAX = 2 * EDGE_BYTES + SAMPLES * SAMPLE_BYTES;

/**
 * SHA-256, as 64 hex digits, over a file's size and contents; the same bytes give it on any machine
 * at any time (neither the path nor a timestamp counts). Up to 2.5 MiB every byte is read; beyond
 * that the first and the last MiB and eight evenly spaced places of 64 KiB, so it costs the same
 * for any size. What it can miss: a change in a large file that keeps its length and touches none
 * of those places. Throws `SourceError` as `openFile` does.
 */
export const fingerprintFile = async (
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<string> => {
  options.signal.throwIfAborted();
  const { handle, sizeBytes } = await openFile(path);
  try {
    const hash = createHash('sha256').update(`${sizeBytes}\n`);
    for (const { offset, bytes } of sampledRanges(sizeBytes)) {
      options.signal.throwIfAborted();
      hash.update(await readRange(handle, offset, bytes));
    }
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
};

interface Range {
  readonly offset: number;
  readonly bytes: number;
}

/** The ranges of a file of this size that its fingerprint covers, in order. */
export const sampledRanges = (sizeBytes: number): readonly Range[] => {
  if (sizeBytes <= WHOLE_BYTES_MAX) return [{ offset: 0, bytes: sizeBytes }];
  const between = sizeBytes - 2 * EDGE_BYTES;
  const offsets = Array.from({ length: SAMPLES }, (_, offset) => ({
    offset: EDGE_BYTES + Math.floor(((between - SAMPLE_BYTES) * (offset + 0.5)) / SAMPLES),
    bytes: SAMPLE_BYTES,
  }));
  return [
    { offset: 0, bytes: EDGE_BYTES },
    ...offsets,
    { offset: sizeBytes - EDGE_BYTES, bytes: EDGE_BYTES },
  ];
};

const readRange = async (handle: FileHandle, offset: number, bytes: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
};
