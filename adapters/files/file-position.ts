import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { Compression } from './compression.ts';

/** A place between two rows of a text file. A type, not an interface: only then is it a `JsonValue`. */
export type FilePosition = {
  /** The byte right after the row that was read; of a compressed file, of what it unpacks to. */
  readonly offset: number;
  /** 1-based line that begins there. */
  readonly line: number;
  /** 0-based index of the row to come; bad rows count, blank lines do not. */
  readonly index: number;
  /** CRC-32 of all bytes before `offset`; in compressed files, which are unpacked from the start again anyway. */
  readonly crc32?: number;
};

/** A position as it comes back from a store. Throws `SourceError` if it is not one that a file source gave for a file packed like this. */
export const decodePosition = (stored: JsonValue, ref: string, compression: Compression): FilePosition => {
  if (isJsonObject(stored)) {
    const { offset, line, index, crc32 } = stored;
    if (isCount(offset) && isCount(line) && isCount(index) && line > 0) {
      if (crc32 === undefined && compression === 'none') return { offset, line, index };
      if (isCount(crc32) && crc32 < 2 ** 32 && compression !== 'none') return { offset, line, index, crc32 };
      if (crc32 === undefined || isCount(crc32)) throw otherwisePacked(stored, ref, compression);
    }
  }
  throw new SourceError(`cannot go on from ${JSON.stringify(stored)}: not a position of this kind of source`, { ref });
};

const otherwisePacked = (stored: JsonValue, ref: string, compression: Compression): SourceError => {
  const [was, is] = compression === 'none' ? ['a compressed file', 'plain text'] : ['plain text', compression];
  const what = `cannot go on from ${JSON.stringify(stored)}: a position in ${was}, and this is read as ${is}. Restore the file that the run began with`;
  return new SourceError(what, { ref });
};

const isCount = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
