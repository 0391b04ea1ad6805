/** Lines as bytes, one behind the other, and each one's byte length. */
export interface LineBuffer {
  /** A line, its newline included; or nothing, for a row that has none here. */
  push(line: string): void;
  /** Bytes taken so far; the last few lines count their UTF-16 units until they are encoded. */
  readonly byteCount: number;
  /** Replaces some lines, by line number; one pass over all bytes. */
  replace(lines: ReadonlyMap<number, string>): void;
  /** The first lines. */
  take(count: number): { readonly bytes: Uint8Array; readonly lengths: Uint32Array };
}

const encoder = new TextEncoder();
/**
 * Text is encoded when so much has come: one call for many lines, and no text lives long enough to
 * be moved by the garbage collector.
 */
const pendingCharsMax = 16 * 1024;

/** @param bytesExpected bytes to allocate at once */
export const createLineBuffer = (bytesExpected: number): LineBuffer => {
  let bytes = new Uint8Array(bytesExpected);
  let at = 0;
  const lengths: number[] = [];
  let pending = '';

  const reserve = (count: number): void => {
    if (bytes.length - at >= count) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + count));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  };
  /** How many lines of `lengths` are pending: theirs are in UTF-16 units until they are encoded. */
  let pendingLines = 0;
  const flush = (): void => {
    if (pending.length === 0) {
      pendingLines = 0;
      return;
    }
    // UTF-8 needs at most three bytes per UTF-16 unit.
    reserve(pending.length * 3);
    const { written } = encoder.encodeInto(pending, bytes.subarray(at));
    if (written !== pending.length) {
      let start = 0;
      for (
        let lineIndex = lengths.length - pendingLines, offset = at;
        lineIndex < lengths.length;
        lineIndex += 1
      ) {
        const end = start + (lengths[lineIndex] as number);
        lengths[lineIndex] = encoder.encodeInto(
          pending.slice(start, end),
          bytes.subarray(offset),
        ).written;
        offset += lengths[lineIndex] as number;
        start = end;
      }
    }
    at += written;
    pending = '';
    pendingLines = 0;
  };

  return {
    get byteCount() {
      return at + pending.length;
    },
    push(line) {
      lengths.push(line.length);
      pending += line;
      pendingLines += 1;
      if (pending.length >= pendingCharsMax) flush();
    },
    replace(lines) {
      flush();
      const old = { bytes, lengths: lengths.splice(0) };
      bytes = new Uint8Array(at);
      at = 0;
      let start = 0;
      old.lengths.forEach((length, lineIndex) => {
        const line = lines.get(lineIndex);
        const put =
          line === undefined ? old.bytes.subarray(start, start + length) : encoder.encode(line);
        reserve(put.length);
        bytes.set(put, at);
        at += put.length;
        lengths.push(put.length);
        start += length;
      });
    },
    take(count) {
      flush();
      const first = Uint32Array.from(lengths.slice(0, count));
      return {
        bytes: bytes.subarray(
          0,
          count === lengths.length ? at : first.reduce((sum, length) => sum + length, 0),
        ),
        lengths: first,
      };
    },
  };
};
