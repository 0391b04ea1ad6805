/**
 * Rows of runs, for stores of your own: one run in memory that folds its events and answers the row
 * query of `batchor/ports`, and what readers and owners derive from that query.
 */

// A run in memory.
export { createRunRows, type RunRows } from './run-rows.ts';

// What readers show.
export {
  linesOfRows,
  resultsAfter,
  type ResultsByIndex,
  resultsByIndex,
  type RowReader,
  storedRows,
} from './read-rows.ts';

// What commands carry.
export {
  backoffRows,
  batchLines,
  knownIds,
  openMask,
  openRows,
  pendingRows,
  planWindow,
  sharedRows,
  type SliceReader,
} from './read-slices.ts';
