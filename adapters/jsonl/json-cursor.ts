import { countLines, newline } from '../../lib/bytes/lines.ts';
import type { FileWindow } from '../files/file-window.ts';

/** More bytes are needed: see `JsonCursor.more`. */
export const MORE = 'more';
/** The text ends here. */
export const END = 'end';

/** A value of JSON, by its brackets and quotes alone. */
export interface CursorValue {
  /** Null where it is longer than is held. Valid until the next `more`. */
  readonly bytes: Buffer | null;
  /** Where it begins. */
  readonly offset: number;
  readonly line: number;
}

/** Walks over JSON without reading it; holds one value, up to a limit. */
export interface JsonCursor {
  /** Of the next byte. */
  readonly offset: number;
  /** 1-based, of the next byte. */
  readonly line: number;
  /** The next byte that is no white space, without taking it. */
  peek(): number | typeof MORE | typeof END;
  /** Takes the byte that `peek` gave. */
  take(): void;
  /** Takes the value at the byte that `peek` gave; `END`: the text ends within it. */
  value(): CursorValue | typeof MORE | typeof END;
  /** Reads more bytes; what was taken is dropped. Not to be called at the end. */
  more(): Promise<void>;
}

export const byte = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  open: 0x7b,
  close: 0x7d,
} as const;

/** JSON's own: space, tab, line feed, carriage return. */
const isBlank = (code: number): boolean =>
  code === 0x20 || code === newline || code === 0x0d || code === 0x09;

export const jsonCursor = (
  window: FileWindow,
  { line: firstLine, bytesMax }: { readonly line: number; readonly bytesMax: number },
): JsonCursor => {
  let offset = window.start;
  let line = firstLine;
  let counted = offset;
  /** The value that is being passed, and up to where. */
  let passing: { readonly offset: number; readonly line: number; isTooLong: boolean } | null = null;
  const scan = valueScan();

  const lineAt = (at: number): number => {
    const { bytes, start } = window;
    line += countLines(bytes, counted - start, at - start);
    counted = at;
    return line;
  };
  return {
    get offset() {
      return offset;
    },
    get line() {
      return lineAt(offset);
    },
    peek: () => {
      const { bytes, start } = window;
      let at = offset - start;
      while (at < bytes.length && isBlank(bytes[at] as number)) at += 1;
      offset = start + at;
      return bytes[at] ?? (window.ended ? END : MORE);
    },
    take: () => {
      offset += 1;
    },
    value: () => {
      passing ??= { offset, line: lineAt(offset), isTooLong: false };
      const { bytes, start } = window;
      const end = scan.endIn(bytes, offset - start, window.ended);
      if (end === null) {
        if (window.ended) return END;
        offset = Math.min(start + bytes.length, start + scan.at);
        passing.isTooLong ||= offset - passing.offset > bytesMax;
        return MORE;
      }
      const { offset: from, line: fromLine, isTooLong } = passing;
      offset = start + end;
      passing = null;
      return {
        bytes: isTooLong || offset - from > bytesMax ? null : bytes.subarray(from - start, end),
        offset: from,
        line: fromLine,
      };
    },
    more: async () => {
      const keepFrom = passing === null || passing.isTooLong ? offset : passing.offset;
      scan.dropped(keepFrom - window.start);
      lineAt(Math.max(counted, keepFrom));
      window.drop(keepFrom - window.start);
      await window.fill();
    },
  };
};

/** Finds the end of a value, over as many looks as it takes. */
const valueScan = () => {
  let isBegun = false;
  /** Of its first byte; below zero once that was dropped. */
  let begin = 0;
  let at = 0;
  let depth = 0;
  let inString = false;
  /**
   * The next backslash, or behind the bytes: searched for once, however many strings there are
   * before it.
   */
  let backslash = -1;

  const closing = (bytes: Buffer): number | null => {
    for (;;) {
      if (backslash < at) backslash = bytes.indexOf(byte.backslash, at);
      if (backslash === -1) backslash = bytes.length;
      const quote = bytes.indexOf(byte.quote, at);
      if (quote !== -1 && quote < backslash) return quote + 1;
      // What follows a backslash belongs to it.
      at = quote === -1 && backslash >= bytes.length ? bytes.length : backslash + 2;
      if (at >= bytes.length) return null;
    }
  };
  const finished = (end: number): number => {
    isBegun = false;
    return end;
  };
  return {
    /** How far it has looked. */
    get at() {
      return at;
    },
    /** The bytes lost so many at the front. */
    dropped: (count: number): void => {
      at -= count;
      begin -= count;
      backslash = -1;
    },
    /** Where the value ends that begins at `from`; null: not in these bytes. */
    endIn: (bytes: Buffer, from: number, isAll: boolean): number | null => {
      if (!isBegun)
        [isBegun, begin, at, depth, inString, backslash] = [true, from, from, 0, false, -1];
      while (at < bytes.length) {
        if (inString) {
          const end = closing(bytes);
          if (end === null) return null;
          [at, inString] = [end, false];
          if (depth === 0) return finished(at);
          continue;
        }
        const code = bytes[at] as number;
        if (code === byte.quote) inString = true;
        else if (code === byte.open || code === byte.openList) depth += 1;
        else if (depth > 0 && (code === byte.close || code === byte.closeList)) {
          depth -= 1;
          if (depth === 0) return finished(at + 1);
        } else if (
          depth === 0 &&
          at > begin &&
          (isBlank(code) || code === byte.comma || code === byte.close || code === byte.closeList)
        )
          return finished(at);
        at += 1;
      }
      return isAll && depth === 0 && !inString && at > begin ? finished(at) : null;
    },
  };
};
