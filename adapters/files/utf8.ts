import { isUtf8 } from 'node:buffer';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { FileWindow } from './file-window.ts';

const REPLACEMENT = '\u{FFFD}';

/**
 * True if decoding these bytes to `text` lost something: they are not valid UTF-8. The decoder
 * writes U+FFFD for invalid bytes, so only a text with U+FFFD (maybe the file's own) needs a second
 * check.
 */
export const lostInDecoding = (text: string, bytes: () => Uint8Array): boolean =>
  text.includes(REPLACEMENT) && !isUtf8(bytes());

/**
 * The text of the bytes, or null if they are not valid UTF-8. A byte order mark stays in the text.
 */
export const decodeUtf8 = (bytes: Buffer): string | null => {
  const text = bytes.toString('utf8');
  return lostInDecoding(text, () => bytes) ? null : text;
};

/**
 * Uses up a byte order mark at the front of a window that was just opened at the start of a text.
 * Throws `SourceError` for a text that is empty.
 */
export const skipMark = async (window: FileWindow, ref: string): Promise<void> => {
  while (window.bytes.length < 3 && !window.ended) await window.fill();
  if (window.bytes.length === 0)
    throw new SourceError('is empty. Give it rows, or take it out of the job', { ref });
  if (window.bytes.subarray(0, 3).toString('hex') === 'efbbbf') window.drop(3);
};
