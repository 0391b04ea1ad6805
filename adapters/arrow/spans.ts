import type { Data } from 'apache-arrow';

/** Where each value of a column begins; the one behind it begins where it ends. */
export interface Spans {
  readonly begins: ArrayLike<number>;
  /** Throws a `RangeError` for a span that lies outside of what there is. */
  check(begin: number, end: number): void;
}

/** The spans of a column whose values lie one behind the other in `limit` bytes or child values. */
export const spansOf = (data: Data, limit: number): Spans => {
  const offsets = data.valueOffsets as Int32Array | BigInt64Array | undefined;
  const begins = offsets instanceof BigInt64Array ? Float64Array.from(offsets, Number) : (offsets ?? new Int32Array(0));
  if (data.length > 0 && begins.length <= data.length) throw new RangeError(`a column of ${data.length} rows has ${begins.length} offsets`);
  return {
    begins,
    check: (begin, end) => {
      if (begin < 0 || end < begin || end > limit) throw new RangeError('lies outside of its buffer');
    },
  };
};
