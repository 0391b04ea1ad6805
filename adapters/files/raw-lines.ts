import { lineEnd, newline } from '../../lib/bytes/lines.ts';
import { checkCompression } from './compression.ts';
import { UTF8 } from './encoding.ts';
import { FILE_TUNING } from './file-source.ts';
import { openWindow } from './file-window.ts';
import { openFile } from './open-file.ts';

/** The lines of a text file in its own encoding. */
export interface RawLines {
  /**
   * For each count, the bytes up to and with the line feed of that many more lines; for `Infinity`,
   * all bytes that are left.
   */
  take(lineCounts: readonly number[]): Promise<readonly Buffer[]>;
  close(): Promise<void>;
}

/** Encodings in which the byte of a line feed may be a part of another character. */
const hasHiddenLineFeeds = (encoding: string): boolean => encoding === 'iso-2022-jp';

/**
 * Opens the lines of a file, unpacked but not decoded: they are those of its decoded text, since a
 * line feed is a line feed in every encoding that this is for. Null for the others. Holds what one
 * call takes. To be closed. Throws `SourceError` where the file cannot be read.
 */
export const openRawLines = async (
  path: string,
  { encoding, signal }: { readonly encoding: string; readonly signal: AbortSignal },
): Promise<RawLines | null> => {
  if (hasHiddenLineFeeds(encoding)) return null;
  const file = await openFile(path);
  try {
    const compression = await checkCompression(file, undefined);
    const window = await openWindow(
      { file, compression, encoding: UTF8, from: null, chunkBytes: FILE_TUNING.chunkBytes, signal },
      null,
    );
    const behindFeed = lineFeedFinder(encoding);
    return {
      take: async (lineCounts) => {
        const taken: Buffer[] = [];
        for (const lineCount of lineCounts) {
          let [end, left] = [0, lineCount];
          while (left > 0) {
            const next = behindFeed(window.bytes, end);
            if (next >= 0) [end, left] = [next, left - 1];
            else if (window.ended) [end, left] = [window.bytes.length, 0];
            else await window.fill();
          }
          taken.push(Buffer.from(window.bytes.subarray(0, end)));
          window.drop(end);
        }
        return taken;
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

/** The offset behind the first line feed from `begin` on, which begins a character; -1: none. */
const lineFeedFinder = (encoding: string): ((bytes: Buffer, begin: number) => number) => {
  if (encoding !== 'utf-16le' && encoding !== 'utf-16be') return lineEnd;
  const low = encoding === 'utf-16be' ? 1 : 0;
  return (bytes, begin) => {
    for (let at = begin; at + 1 < bytes.length; at += 2)
      if (bytes[at + low] === newline && bytes[at + 1 - low] === 0) return at + 2;
    return -1;
  };
};
