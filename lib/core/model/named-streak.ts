/**
 * Refusals in a row that name lines. Single bad rows are dropped, and the rest continues; a reason
 * that all rows share names them too, a few at a time, and would drop the whole input at the price
 * of a batch for each.
 */
export interface NamedStreak {
  /** Of the last refusal; empty: none, or one for each line. */
  readonly code: string;
  /**
   * Refusals for this code that seem to have a shared reason; they count as batches that fail
   * validation in a row.
   */
  readonly count: number;
  /** All of them, whatever their codes. */
  readonly total: number;
  /** Those that seem to have a shared reason, whatever their codes. */
  readonly likely: number;
  /** The only row that the last one named, and its line; null: several, or not known. */
  readonly last: { readonly line: number; readonly index: number } | null;
  /**
   * True where the last one named the line in front of the one before, and so the row in front of
   * the row that was dropped.
   */
  readonly isReceding: boolean;
}
