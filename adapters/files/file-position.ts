import { isJsonObject } from '../../lib/core/json.ts';
import type { JsonValue } from '../../lib/core/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';

/** A place between two rows of a text file. A type, not an interface: only then is it a `JsonValue`. */
export type FilePosition = {
  /** The byte right after the row that was read. */
  readonly offset: number;
  /** 1-based line that begins there. */
  readonly line: number;
  /** 0-based index of the row to come; bad rows count, blank lines do not. */
  readonly index: number;
};

/** Where the first row begins, given the offset and the line of the first byte that may be one. */
export const firstPosition = (offset: number, line: number): FilePosition => ({ offset, line, index: 0 });

/** A position as it comes back from a store. Throws `SourceError` if it is not one that a file source gave. */
export const decodePosition = (stored: JsonValue, ref: string): FilePosition => {
  if (isJsonObject(stored)) {
    const { offset, line, index } = stored;
    if (isCount(offset) && isCount(line) && isCount(index) && line > 0) return { offset, line, index };
  }
  throw new SourceError(`cannot go on from ${JSON.stringify(stored)}: not a position of this kind of source`, { ref });
};

const isCount = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
