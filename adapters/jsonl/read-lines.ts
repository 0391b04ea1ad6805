import { lineEnd } from '../../lib/bytes/lines.ts';
import type { FileWindow } from '../files/file-window.ts';

/** One line of a file, without its line feed. */
export interface FileLine {
  /** Null if the line is longer than allowed. Valid until the next array of lines is asked for. */
  readonly bytes: Buffer | null;
  /** 1-based. */
  readonly line: number;
  /** The byte after the line and its line feed. */
  readonly endOffset: number;
}

/**
 * The lines of a window (`lib/bytes/lines.ts`). A last line without a line feed is a line. Holds at
 * most `lineBytesMax` and a chunk; a longer line is passed over.
 */
export async function* readLines(
  window: FileWindow,
  options: { readonly line: number; readonly lineBytesMax: number },
): AsyncGenerator<readonly FileLine[]> {
  let line = options.line;
  /** Bytes at the front that are known to hold no line feed. */
  let scanned = 0;
  let passingOver = false;
  for (;;) {
    const { bytes, start, ended } = window;
    const lines: FileLine[] = [];
    let begin = 0;
    const take = (end: number, endOffset: number): void => {
      const tooLong = passingOver || end - begin > options.lineBytesMax;
      lines.push({ bytes: tooLong ? null : bytes.subarray(begin, end), line, endOffset });
      passingOver = false;
    };
    for (let end = lineEnd(bytes, scanned); end !== -1; end = lineEnd(bytes, end)) {
      take(end - 1, start + end);
      begin = end;
      line += 1;
    }
    if (ended && (begin < bytes.length || passingOver)) take(bytes.length, start + bytes.length);
    if (lines.length > 0) yield lines;
    if (ended) return;
    window.drop(begin);
    scanned = bytes.length - begin;
    passingOver ||= scanned > options.lineBytesMax;
    if (passingOver) {
      window.drop(scanned);
      scanned = 0;
    }
    await window.fill();
  }
}
