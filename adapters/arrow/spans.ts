import type { Data } from 'apache-arrow';

/** The begin of each value of a column; a value ends where the next one begins. */
export interface Spans {
  readonly begins: ArrayLike<number>;
  /** Throws a `RangeError` for a span outside of the buffer. */
  check(begin: number, end: number): void;
}

/** The spans of a column with adjacent values in `limit` bytes or child values. */
export const spansOf = (data: Data, limit: number): Spans => {
  const offsets = data.valueOffsets as Int32Array | BigInt64Array | undefined;
  const begins =
    offsets instanceof BigInt64Array
      ? Float64Array.from(offsets, Number)
      : (offsets ?? new Int32Array(0));
  if (data.length > 0 && begins.length <= data.length)
    throw new RangeError(`a column of ${data.length} rows has ${begins.length} offsets`);
  return {
    begins,
    check: (begin, end) => {
      if (begin < 0 || end < begin || end > limit) throw new RangeError('is outside of its buffer');
    },
  };
};
