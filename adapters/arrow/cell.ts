import type { JsonValue } from '../../lib/core/json/json.ts';

/** The package, loaded when a file is first read or written. */
export type Arrow = typeof import('apache-arrow');

/**
 * The value of a row of the batch. Throws a `RangeError` for a damaged one, and for one without a
 * JSON form.
 */
export type ReadCell = (row: number) => JsonValue;

/** A column with fewer values than rows is damaged: its row count could be anything. */
export const need = (found: number, needed: number): void => {
  if (found < needed) throw new RangeError(`a column of ${needed} rows has ${found} values`);
};
