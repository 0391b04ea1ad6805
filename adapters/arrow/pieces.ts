import type { AsyncByteQueue } from 'apache-arrow';
import type { Arrow } from './cell.ts';

/** Small pieces are put together up to this size: a writer makes two for every column, most of them paddings. */
const JOINED_BYTES = 64 * 1024;

/** What a writer of the package has written and nobody has taken. */
export interface Pieces {
  readonly sinkFor: (arrow: Arrow) => AsyncByteQueue;
  take(): Iterable<Uint8Array>;
}

/** The package's queue gives its pieces to whoever waits for them, and cannot tell that it is empty. This one can. */
export const createPieces = (): Pieces => {
  let pieces: Uint8Array[] = [];
  return {
    sinkFor: (arrow) => Object.assign(new arrow.AsyncByteQueue(), { write: (piece: Uint8Array) => void pieces.push(piece) }),
    take: () => {
      const taken = pieces;
      pieces = [];
      return joined(taken);
    },
  };
};

function* joined(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (bytes + piece.length > JOINED_BYTES && small.length > 0) {
      yield Buffer.concat(small);
      small = [];
      bytes = 0;
    }
    if (piece.length >= JOINED_BYTES) yield piece;
    else {
      small.push(piece);
      bytes += piece.length;
    }
  }
  if (small.length > 0) yield Buffer.concat(small);
}
