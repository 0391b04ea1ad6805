import { joinBytes } from './join-bytes.ts';
import { lineEnd, newline } from './lines.ts';

/** Whole lines that follow each other; or one line that is too long. */
export interface LineBlock {
  /** Of its first byte, from the first byte that was added. */
  readonly offset: number;
  /** With the last newline, if the bytes have one. */
  readonly length: number;
  /** Null: it is one line, too long to be kept. */
  readonly bytes: Uint8Array | null;
}

/** Takes chunks as they come, and gives the lines that they complete. */
export interface LineBlocks {
  /** A block may be a view of the chunk; nothing else of the chunk is kept. */
  add(chunk: Uint8Array): readonly LineBlock[];
  /** The last line, if no newline ends it. */
  end(): readonly LineBlock[];
}

/**
 * Cuts chunks into blocks of whole lines, one a chunk. A line that does not end within `bytesMax`
 * is passed over: it becomes a block of its own without bytes. Holds at most `bytesMax` and a
 * chunk.
 */
export const createLineBlocks = (bytesMax: number): LineBlocks => {
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  let offset = 0;
  let isTooLong = false;
  const flush = (last: Uint8Array): LineBlock => {
    const length = carriedBytes + last.length;
    const bytes = isTooLong ? null : carriedBytes === 0 ? last : joinBytes([...carried, last]);
    const block = { offset, length, bytes };
    offset += length;
    carried = [];
    carriedBytes = 0;
    isTooLong = false;
    return block;
  };
  const carry = (tail: Uint8Array): void => {
    carriedBytes += tail.length;
    isTooLong ||= carriedBytes > bytesMax;
    if (isTooLong) carried = [];
    // A copy, since the source may reuse its buffer for the next chunk.
    else if (tail.length > 0) carried.push(tail.slice());
  };
  return {
    add(chunk) {
      const blocks: LineBlock[] = [];
      let begin = 0;
      if (isTooLong) {
        // The line ends at the first newline to come; what follows is read as usual.
        begin = lineEnd(chunk, 0);
        if (begin === -1) {
          carriedBytes += chunk.length;
          return blocks;
        }
        blocks.push(flush(chunk.subarray(0, begin)));
      }
      const end = chunk.lastIndexOf(newline) + 1;
      if (end > begin) blocks.push(flush(chunk.subarray(begin, end)));
      carry(chunk.subarray(Math.max(begin, end)));
      return blocks;
    },
    end: () => (carriedBytes > 0 ? [flush(new Uint8Array(0))] : []),
  };
};
