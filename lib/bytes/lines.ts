/**
 * Lines end at byte 0x0A and nothing else: U+2028 and U+0085 are text, as JSON has it, and in UTF-8
 * the byte is never a part of another character.
 */
export const newline = 0x0a;

/** The offset behind the first newline from `begin` on; -1: there is none. */
export const lineEnd = (bytes: Uint8Array, begin: number): number =>
  bytes.indexOf(newline, begin) + 1 || -1;

/** The number of newlines from `begin` up to `limit`. */
export const countLines = (bytes: Uint8Array, begin = 0, limit = bytes.length): number => {
  let count = 0;
  for (let at = begin; at < limit; count += 1) {
    at = lineEnd(bytes, at);
    if (at === -1 || at > limit) break;
  }
  return count;
};

/**
 * The lines without their newlines, as views of the bytes. A last line without a newline is a line.
 */
export const linesOf = (bytes: Uint8Array): readonly Uint8Array[] => {
  const lines: Uint8Array[] = [];
  for (let begin = 0; begin < bytes.length;) {
    const end = lineEnd(bytes, begin);
    lines.push(bytes.subarray(begin, end === -1 ? bytes.length : end - 1));
    begin = end === -1 ? bytes.length : end;
  }
  return lines;
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of the bytes, a byte order mark included; null: they are not valid UTF-8. */
export const utf8Text = (bytes: Uint8Array): string | null => {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
};

/** The parts behind each other, in one new array. */
export const joinBytes = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

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
interface LineBlocks {
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
