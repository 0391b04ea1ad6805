import type { JsonValue } from '../../lib/core/json/json.ts';

/** The package, loaded when a file is first read or written. */
export type Arrow = typeof import('apache-arrow');

/** A column's value in a row of its batch. Throws a `RangeError` for one that is damaged or that JSON cannot say. */
export type ReadCell = (row: number) => JsonValue;

/** A column that has fewer values than rows is damaged: its rows could be without number. */
export const need = (found: number, needed: number): void => {
  if (found < needed) throw new RangeError(`a column of ${needed} rows has ${found} values`);
};
