import type { Data } from 'apache-arrow';
import type { Cell } from '../../lib/ports/table.ts';

/** Collects the cells of a column, batch by batch. */
export interface ColumnBuilder {
  /**
   * Appends `cells` from `begin` up to `end`. Throws a `TypeError` for a cell that is not of the
   * column's type.
   */
  append(cells: readonly Cell[], begin: number, end: number): void;
  /** Returns the column of a batch, and begins the next one. */
  finish(): Data;
}
