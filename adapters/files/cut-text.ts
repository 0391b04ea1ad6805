import { SourceError } from '../../lib/ports/source-error.ts';
import { checkCompression } from './compression.ts';
import type { Compression } from './compression.ts';
import { checkEncoding, encodingOfLabel } from './encoding.ts';
import { FILE_TUNING } from './file-source.ts';
import { openWindow } from './file-window.ts';
import { openFile } from './open-file.ts';

/**
 * The text of a file, cut at offsets that ascend: those of the positions that a source of the same
 * file gives.
 */
export interface CutText {
  /**
   * The bytes from the last cut up to this one. Throws `SourceError` where the text ends before.
   */
  upTo(offset: number): Promise<Buffer>;
  /** The bytes after the last cut, in chunks. */
  rest(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens the text of a file, unpacked and as UTF-8. Holds what lies between two cuts. To be closed.
 * Throws `SourceError` where the file cannot be read.
 */
export const openCutText = async (
  path: string,
  options: {
    readonly compression?: Compression;
    readonly encoding?: string;
    readonly signal: AbortSignal;
  },
): Promise<CutText> => {
  const { signal } = options;
  const file = await openFile(path);
  try {
    const compression = await checkCompression(file, options.compression);
    const encoding = await checkEncoding(file, {
      compression,
      said: encodingOfLabel(options.encoding),
      signal,
    });
    const window = await openWindow(
      { file, compression, encoding, from: null, chunkBytes: FILE_TUNING.chunkBytes, signal },
      null,
    );
    return {
      upTo: async (offset) => {
        while (window.start + window.bytes.length < offset && !window.ended) await window.fill();
        const count = offset - window.start;
        if (count > window.bytes.length)
          throw new SourceError('ends before its last row: it was changed while it was read', {
            ref: path,
          });
        const text = Buffer.from(window.bytes.subarray(0, count));
        window.drop(count);
        return text;
      },
      async *rest() {
        for (;;) {
          if (window.bytes.length > 0) yield Buffer.from(window.bytes);
          window.drop(window.bytes.length);
          if (window.ended) return;
          await window.fill();
        }
      },
      close: async () => {
        await window.close();
        await file.handle.close();
      },
    };
  } catch (error) {
    await file.handle.close();
    throw error;
  }
};
