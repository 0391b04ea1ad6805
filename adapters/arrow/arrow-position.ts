import { isJsonObject } from '../../lib/core/json/json.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';

/**
 * A position between two rows of an Arrow file. A type alias, since an interface is not a
 * `JsonValue`.
 */
export type ArrowPosition = {
  /** 0-based record batch. */
  readonly batch: number;
  /** 0-based index of the next row in that batch; the batch's row count at its end. */
  readonly row: number;
  /** 0-based index of that row in the whole file; bad rows count. */
  readonly index: number;
};

/** Decodes a stored position. Throws `SourceError` for one that `arrowSource` did not make. */
export const decodePosition = (stored: JsonValue, ref: string): ArrowPosition => {
  if (isJsonObject(stored)) {
    const { batch, row, index } = stored;
    if (isCount(batch) && isCount(row) && isCount(index)) return { batch, row, index };
  }
  throw new SourceError(
    `cannot continue from ${JSON.stringify(stored)}: not a position of an Arrow source`,
    { ref },
  );
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
