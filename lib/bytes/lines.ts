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
