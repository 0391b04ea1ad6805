import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';

/** A place between two rows of an Arrow file. A type, not an interface: only then is it a `JsonValue`. */
export type ArrowPosition = {
  /** 0-based record batch. */
  readonly batch: number;
  /** 0-based row of that batch that comes next; as many as the batch has where it is read to its end. */
  readonly row: number;
  /** 0-based index of that row in the whole file; bad rows count. */
  readonly index: number;
};

/** A position as it comes back from a store. Throws `SourceError` if it is not one that `arrowSource` gave. */
export const decodePosition = (stored: JsonValue, ref: string): ArrowPosition => {
  if (isJsonObject(stored)) {
    const { batch, row, index } = stored;
    if (isCount(batch) && isCount(row) && isCount(index)) return { batch, row, index };
  }
  throw new SourceError(`cannot go on from ${JSON.stringify(stored)}: not a position of this kind of source`, { ref });
};

const isCount = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
