/**
 * Refusals in a row that name lines, all with one code. Rows that are bad one by one are dropped, and the rest goes on; a code that all rows share
 * names them too, a few at a time, and would drop the whole input at the price of a batch for each.
 */
export interface NamedStreak {
  readonly code: string;
  /** Refusals that look like those of a shared code; they count as batches that fail validation in a row. */
  readonly count: number;
  /** All of them. */
  readonly total: number;
}
