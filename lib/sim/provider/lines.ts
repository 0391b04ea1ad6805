const newline = 0x0a;

/**
 * Splits bytes into lines at 0x0A only, as one array per chunk. A last line without a newline
 * counts. Memory is one chunk and one line; a line longer than `lineBytesMax` is cut.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<readonly Uint8Array[]> {
  let carried: Uint8Array[] = [];
  let carriedBytes = 0;
  const carry = (part: Uint8Array): void => {
    const capacity = lineBytesMax - carriedBytes;
    if (part.length === 0 || capacity <= 0) return;
    // A copy, since the store may reuse the chunk's buffer.
    const kept = part.slice(0, capacity);
    carried.push(kept);
    carriedBytes += kept.length;
  };
  let pending = false;
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (carriedBytes === 0)
        lines.push(chunk.subarray(start, Math.min(end, start + lineBytesMax)));
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

const joinBytes = (parts: readonly Uint8Array[], bytes: number): Uint8Array => {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
};
