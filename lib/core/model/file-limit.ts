/** How large an input file of this service may be, learned from refusals. */
export interface FileLimit {
  /** Batches of several requests stay below it; one request cannot be cut. */
  readonly bytesMax: number;
  /** The smallest file that was refused. */
  readonly refusedBytes: number;
}

/**
 * What the service says, where that explains the refusal; else half of what it refused. It is never
 * raised by another refusal.
 */
export const limitAfterRefusal = (
  known: FileLimit | null,
  refusedBytes: number,
  statedBytesMax: number | null,
): FileLimit => {
  const stated = statedBytesMax !== null && statedBytesMax < refusedBytes ? statedBytesMax : null;
  const bytesMax = Math.max(
    1,
    Math.min(stated ?? Math.floor(refusedBytes / 2), known?.bytesMax ?? Infinity),
  );
  return { bytesMax, refusedBytes: Math.min(refusedBytes, known?.refusedBytes ?? Infinity) };
};
