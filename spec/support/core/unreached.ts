/**
 * Arrows in the tables whose cause is not decided anywhere yet, as `from>to`. Remove an arrow here
 * when you implement it.
 */
export const unreachedItemArrows: readonly string[] = [
  'queued_local>failed_permanent',
  'failed_retryable>failed_permanent',
];
export const unreachedBatchArrows: readonly string[] = [];
