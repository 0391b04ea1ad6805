import type { FileWindow } from '../files/file-window.ts';
import { lostInDecoding } from '../files/utf8.ts';
import { quoteFault } from './check-quotes.ts';
import { openSegment, type CsvSegment, type Parsed, type RecordFault } from './csv-segment.ts';
import { countLines, lineEnd, newline } from '../../lib/bytes/lines.ts';

/** A record of a CSV file, or why there is none, and where the next begins. */
export type CsvRecord = {
  /** 1-based line of the record's first byte. */
  readonly line: number;
  readonly next: { readonly offset: number; readonly line: number };
} &
  /** `hasMark`: a byte order mark stands before it, and is no part of its first field. */
  (
    | { readonly type: 'record'; readonly fields: readonly string[]; readonly hasMark?: true }
    /** `column`: 0-based, of the field at fault; null when the whole record is. */
    | {
        readonly type: 'fault';
        readonly reason: string;
        readonly column: number | null;
        readonly isUndecodable?: true;
      }
  );

/** How to read records. */
export interface RecordOptions {
  /** 1-based line at which the window begins. */
  readonly line: number;
  readonly delimiter: string;
  /** Null: quotes are text. */
  readonly quote: string | null;
  /** True where the user named it. */
  readonly trustsQuotes: boolean;
  readonly recordBytesMax: number;
}

/**
 * The records of a window that begins at one; blank lines are none. A record that cannot be told
 * from what follows it (its quotes are wrong, or it does not end within `recordBytesMax`) costs the
 * rest of the line on which the field at fault begins, and reading continues at the next line: what
 * comes after an unclosed quote is not lost with it.
 *
 * What comes out depends on the bytes from a record's start on, never on chunks: the parser sees at
 * most `recordBytesMax` and a little beyond the start of an unfinished record, and a record is too
 * long only when it has seen exactly that. Holds as much, and a chunk.
 */
export async function* readRecords(
  window: FileWindow,
  options: RecordOptions,
): AsyncGenerator<readonly CsvRecord[]> {
  let line = options.line;
  for (;;) {
    const segment = openSegment(window.start, options.delimiter, options.quote);
    const end = yield* readSegment(window, segment, { ...options, line });
    if (end.fault === null) return;
    line = end.line + (await skipLine(window, end.fault));
    const { reason, column } = end.fault;
    yield [{ type: 'fault', reason, column, line: end.line, next: { offset: window.start, line } }];
  }
}

/**
 * How a segment ended: at the end of the file, or at a record that is at fault and at which the
 * window now begins.
 */
interface SegmentEnd {
  readonly fault: RecordFault | null;
  readonly line: number;
}

/**
 * The parser decides on a byte only when it has seen a few more, beside the delimiter. Generous.
 */
const LOOKAHEAD_BYTES = 16;

async function* readSegment(
  window: FileWindow,
  segment: CsvSegment,
  options: RecordOptions,
): AsyncGenerator<readonly CsvRecord[], SegmentEnd> {
  const { delimiter, recordBytesMax } = options;
  const unfinishedBytesMax = recordBytesMax + LOOKAHEAD_BYTES + delimiter.length;
  let { line } = options;
  /** Bytes at the front of the window that the segment has seen. */
  let fed = 0;
  for (;;) {
    if (fed === window.bytes.length && !window.ended && fed < unfinishedBytesMax)
      await window.fill();
    // By chunks even where far more is held, as behind an unclosed quote: a chunk's records at once
    // are enough in memory.
    const unfed = window.bytes.subarray(fed, Math.min(fed + window.chunkBytes, unfinishedBytesMax));
    const atEnd = unfed.length === 0 && window.ended && fed < unfinishedBytesMax;
    if (unfed.length === 0 && !atEnd) return { fault: segment.tooLong(recordBytesMax), line };
    const parsed = atEnd ? await segment.end() : await segment.feed(unfed);
    fed += unfed.length;

    const { records, fault } = locateRecords(parsed, window, { ...options, line });
    const last = records.at(-1);
    if (last !== undefined) yield records;
    const begin = (last?.next.offset ?? window.start) - window.start;
    const used = skipBlankLines(window.bytes, begin, fed);
    line = (last?.next.line ?? line) + countLines(window.bytes, begin, used);
    window.drop(used);
    fed -= used;
    if (fault !== null || atEnd) return { fault, line };
  }
}

interface Located {
  readonly records: readonly CsvRecord[];
  readonly fault: RecordFault | null;
}

/**
 * Gives records their lines, finds those that lost something in decoding, and ends at the first
 * whose quotes are out of place.
 */
const locateRecords = (
  parsed: Parsed,
  { bytes, start }: FileWindow,
  options: RecordOptions,
): Located => {
  const { delimiter, quote, trustsQuotes: isTrusted } = options;
  const rules = quote === null ? null : { delimiter, quote, isTrusted };
  let { line } = options;
  let used = 0;
  const records: CsvRecord[] = [];
  for (const { fields, endOffset } of parsed.records) {
    const end = endOffset - start;
    const begin = skipBlankLines(bytes, used, end);
    const recordLine = line + countLines(bytes, used, begin);
    const lost = fields.some((field) => lostInDecoding(field, () => bytes.subarray(begin, end)));
    line = recordLine + countLines(bytes, begin, end);
    const record = {
      bytes: bytes.subarray(begin, end),
      offset: start + begin,
      line: recordLine,
      lineCount: line - recordLine,
      fields,
    };
    const fault = rules === null ? null : quoteFault(record, rules);
    if (fault !== null) return { records, fault };
    used = end;
    const next = { offset: endOffset, line };
    if (lost)
      records.push({
        type: 'fault',
        reason: 'the record',
        column: null,
        line: recordLine,
        next,
        isUndecodable: true,
      });
    else if (isMarked(fields, record.bytes))
      records.push({ ...unmarked(fields), line: recordLine, next });
    else records.push({ type: 'record', fields, line: recordLine, next });
  }
  return { records, fault: parsed.fault };
};

const byteOrderMark = '\u{FEFF}';

/** A quoted field may begin with one of its own. */
const isMarked = ([first]: readonly string[], bytes: Buffer): boolean =>
  first !== undefined && first.startsWith(byteOrderMark) && bytes[0] === 0xef;
const unmarked = ([first = '', ...others]: readonly string[]) =>
  ({ type: 'record', fields: [first.slice(1), ...others], hasMark: true }) as const;

/**
 * Uses up the window through the end of the line on which the field at fault begins. Gives the
 * number of lines; holds a chunk.
 */
const skipLine = async (window: FileWindow, fault: RecordFault): Promise<number> => {
  let from = Math.max(0, fault.fieldOffset - window.start);
  let lines = 0;
  for (;;) {
    const { bytes } = window;
    const end = lineEnd(bytes, from);
    const used = end === -1 ? bytes.length : end;
    lines += countLines(bytes, 0, used);
    window.drop(used);
    if (end !== -1 || window.ended) return lines;
    from = 0;
    await window.fill();
  }
};

const CARRIAGE_RETURN = 0x0d;

/**
 * Where, from `begin` on, the first byte is that belongs to no blank line; `limit` if they are all
 * blank.
 */
const skipBlankLines = (bytes: Buffer, begin: number, limit: number): number => {
  let at = begin;
  for (;;) {
    let feed = at;
    while (feed < at + 2 && bytes[feed] === CARRIAGE_RETURN) feed += 1;
    if (feed >= limit || bytes[feed] !== newline) return at;
    at = feed + 1;
  }
};
