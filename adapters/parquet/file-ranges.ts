import type { AsyncBuffer } from 'hyparquet';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';

/** An open file as hyparquet reads it: by ranges, never whole. A range outside of the file, as a damaged footer names it, rejects. */
export const fileRanges = (file: OpenFile, signal: AbortSignal): AsyncBuffer => ({
  byteLength: file.sizeBytes,
  slice: (start, end = file.sizeBytes) => {
    const range = readRange(file, start, end, signal);
    // hyparquet asks for several ranges at once and may give up before it looks at each: none of them may end the process.
    range.catch(() => undefined);
    return range;
  },
});

const readRange = async (file: OpenFile, start: number, end: number, signal: AbortSignal): Promise<ArrayBuffer> => {
  signal.throwIfAborted();
  if (!(start >= 0 && start <= end && end <= file.sizeBytes)) {
    throw new RangeError(`it is said to lie at bytes ${start} to ${end} of ${file.sizeBytes}`);
  }
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.handle.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0)
      throw new SourceError('became shorter while it was read. Leave it alone until the run has read it', { ref: file.path });
    filled += bytesRead;
  }
  return bytes.buffer;
};
