import type { Column } from '../../lib/core/model/command.ts';

/** Numbers as the text of an array, for `$1::int[]` and its like: one parameter for a whole column. */
export const numbers = (column: Column): string => `{${Array.prototype.join.call(column, ',')}}`;
