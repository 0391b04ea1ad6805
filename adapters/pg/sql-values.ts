import type { Column } from '../../lib/core/model/command.ts';

/** Numbers as array text, for `$1::int[]` and similar: one parameter for a whole column. */
export const numbers = (column: Column): string => `{${Array.prototype.join.call(column, ',')}}`;
