import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';

/**
 * A place between two rows of a text file. A type, not an interface: only then is it a `JsonValue`.
 */
export type FilePosition = {
  /**
   * The byte right after the row that was read; of a compressed file, of what it unpacks to; of one
   * in another encoding, of its text as UTF-8.
   */
  readonly offset: number;
  /** 1-based line that begins there. */
  readonly line: number;
  /** 0-based index of the row to come; bad rows count, blank lines do not. */
  readonly index: number;
  /**
   * CRC-32 of all bytes before `offset`; in files that are unpacked or decoded, from the start
   * again anyway.
   */
  readonly crc32?: number;
};

/**
 * A position as it comes back from a store. Throws `SourceError` if it is not one that a file
 * source gave for a file read like this: `isPlain`, its bytes are the text.
 */
export const decodePosition = (stored: JsonValue, ref: string, isPlain: boolean): FilePosition => {
  if (isJsonObject(stored)) {
    const { offset, line, index, crc32 } = stored;
    if (isCount(offset) && isCount(line) && isCount(index) && line > 0) {
      if (crc32 === undefined && isPlain) return { offset, line, index };
      if (isCount(crc32) && crc32 < 2 ** 32 && !isPlain) return { offset, line, index, crc32 };
      if (crc32 === undefined || isCount(crc32)) throw otherwiseRead(stored, ref, isPlain);
    }
  }
  throw new SourceError(
    `cannot continue from ${JSON.stringify(stored)}: not a checkpoint of this kind of source`,
    { ref },
  );
};

const otherwiseRead = (stored: JsonValue, ref: string, isPlain: boolean): SourceError => {
  const packed = 'a file that is compressed or in another encoding';
  const [was, is] = isPlain ? [packed, 'plain UTF-8'] : ['plain UTF-8', packed];
  const what = `cannot continue from ${JSON.stringify(stored)}: a position in ${was}, and this is read as ${is}. Restore the file that the run began with`;
  return new SourceError(what, { ref });
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
