import type { Column } from './command.ts';

/** The sum of a column. */
export const sum = (column: Column): number => {
  let total = 0;
  for (let i = 0; i < column.length; i += 1) total += column[i] as number;
  return total;
};
export const sumAt = (column: Column, columnIndexes: readonly number[]): number =>
  columnIndexes.reduce((total, i) => total + (column[i] as number), 0);
