const newline = 0x0a;

/**
 * Splits bytes into lines on 0x0A alone, handing them on in one array per chunk. A last line without a newline counts.
 * Memory is one chunk and one line; a line longer than `lineBytesMax` is cut to that.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<readonly Uint8Array[]> {
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  const carry = (piece: Uint8Array): void => {
    const room = lineBytesMax - carriedBytes;
    if (piece.length === 0 || room <= 0) return;
    // A copy: the store may reuse the chunk's buffer.
    const kept = piece.slice(0, room);
    carried.push(kept);
    carriedBytes += kept.length;
  };
  let pending = false;
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (carriedBytes === 0) lines.push(chunk.subarray(start, Math.min(end, start + lineBytesMax)));
      else {
        carry(chunk.subarray(start, end));
        lines.push(joinBytes(carried, carriedBytes));
        carried = [];
        carriedBytes = 0;
      }
      start = end + 1;
      pending = false;
    }
    if (start < chunk.length) {
      carry(chunk.subarray(start));
      pending = true;
    }
    if (lines.length > 0) yield lines;
  }
  if (pending) yield [joinBytes(carried, carriedBytes)];
}

const joinBytes = (pieces: readonly Uint8Array[], bytes: number): Uint8Array => {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
};
