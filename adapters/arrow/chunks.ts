import type { AsyncByteQueue } from 'apache-arrow';
import type { Arrow } from './cell.ts';

/** Small chunks are joined up to this size: a writer makes two for every column, mostly padding. */
const JOINED_BYTES = 64 * 1024;

/** Bytes that a writer of the package has written and that were not yet taken. */
export interface Chunks {
  readonly sinkFor: (arrow: Arrow) => AsyncByteQueue;
  take(): Iterable<Uint8Array>;
}

/**
 * The package's queue only delivers chunks to a waiting reader, and cannot report that it is empty.
 * This one can.
 */
export const createChunks = (): Chunks => {
  let chunks: Uint8Array[] = [];
  return {
    sinkFor: (arrow) =>
      Object.assign(new arrow.AsyncByteQueue(), {
        write: (chunk: Uint8Array) => void chunks.push(chunk),
      }),
    take: () => {
      const taken = chunks;
      chunks = [];
      return joined(taken);
    },
  };
};

function* joined(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes + chunk.length > JOINED_BYTES && small.length > 0) {
      yield Buffer.concat(small);
      small = [];
      bytes = 0;
    }
    if (chunk.length >= JOINED_BYTES) yield chunk;
    else {
      small.push(chunk);
      bytes += chunk.length;
    }
  }
  if (small.length > 0) yield Buffer.concat(small);
}
