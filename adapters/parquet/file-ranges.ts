import type { AsyncBuffer } from 'hyparquet';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';

/**
 * An open file for hyparquet: read in ranges, never whole. A range outside of the file, as in a
 * damaged footer, rejects.
 */
export const fileRanges = (file: OpenFile, signal: AbortSignal): AsyncBuffer => ({
  byteLength: file.sizeBytes,
  slice: (start, end = file.sizeBytes) => {
    const range = readRange(file, start, end, signal);
    // hyparquet requests several ranges at once and may stop before it awaits each; no rejection
    // may end the process.
    range.catch(() => undefined);
    return range;
  },
});

const readRange = async (
  file: OpenFile,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<ArrayBuffer> => {
  signal.throwIfAborted();
  if (!(start >= 0 && start <= end && end <= file.sizeBytes)) {
    throw new RangeError(
      `it should be at bytes ${start} to ${end} of a file of ${file.sizeBytes} bytes`,
    );
  }
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.handle.read(
      bytes,
      filled,
      bytes.length - filled,
      start + filled,
    );
    if (bytesRead === 0)
      throw new SourceError(
        'became shorter while it was read. Do not change it until the run has read it',
        { ref: file.path },
      );
    filled += bytesRead;
  }
  return bytes.buffer;
};
