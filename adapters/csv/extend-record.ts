import type { Cell } from '../../lib/ports/table.ts';
import { createCellWriter } from './write-cell.ts';

/** How the records of a file are written. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: '"' | "'";
  /** Columns that the header names. */
  readonly columnCount: number;
}

/**
 * Adds fields to records of a file. All texts are bytes, a character each (`latin1`): nothing of
 * the file is decoded, so that nothing of it changes.
 */
export interface RecordExtender {
  /**
   * The record with the cells behind its last column, and its line end behind them. What stands
   * before the record (blank lines) stays. Fields that it lacks come as empty ones, and empty ones
   * behind its last column go, so that the cells are in their columns; null for a record with more
   * fields than columns, or a quote that is never closed.
   */
  extend(text: string, cells: readonly Cell[]): string | null;
}

export const createRecordExtender = ({
  delimiter,
  quote,
  columnCount,
}: CsvDialect): RecordExtender => {
  const write = createCellWriter({ delimiter, escapeFormulas: false, quote });
  const mark = bytesOf(delimiter);
  return {
    extend: (text, cells) => {
      const end = text.length - lineEndOf(text).length;
      const found = lastRecord(text, end, { mark, quote });
      if (found === null) return null;
      const { begin, fieldCount } = found;
      const record = fitted(text.slice(begin, end), fieldCount - columnCount, { mark, quote });
      if (record === null) return null;
      const added = cells.map((cell) => `${mark}${bytesOf(write(cell))}`).join('');
      return `${text.slice(0, begin)}${record}${added}${text.slice(end)}`;
    },
  };
};

/** What stands between fields and around them, as bytes. */
interface Signs {
  readonly mark: string;
  readonly quote: string;
}

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const lineEndOf = (text: string): string =>
  ['\r\r\n', '\r\n', '\n'].find((end) => text.endsWith(end)) ?? '';

/**
 * Where the last record of the text begins, which ends at `end`, and how many fields it has; null
 * where a quote is never closed. Quotes are looked at only where there are any.
 */
const lastRecord = (
  text: string,
  end: number,
  { mark, quote }: Signs,
): { readonly begin: number; readonly fieldCount: number } | null => {
  const quoteAt = text.indexOf(quote);
  if (quoteAt < 0 || quoteAt >= end) {
    const begin = text.lastIndexOf('\n', end - 1) + 1;
    return { begin, fieldCount: countOf(text.slice(begin, end), mark) + 1 };
  }
  let [begin, fieldCount, isFieldStart] = [0, 1, true];
  // A byte order mark stands before the first field, and is no part of it.
  for (let at = text.startsWith(byteOrderMark) ? byteOrderMark.length : 0; at < end;) {
    if (isFieldStart && text[at] === quote) {
      at = behindQuoted(text, at, end, quote);
      if (at < 0) return null;
      isFieldStart = false;
      continue;
    }
    const isDelimiter = text.startsWith(mark, at);
    isFieldStart = isDelimiter || text[at] === '\n';
    if (isDelimiter) fieldCount += 1;
    else if (isFieldStart) [begin, fieldCount] = [at + 1, 1];
    at += isDelimiter ? mark.length : 1;
  }
  return { begin, fieldCount };
};

/** As bytes. */
const byteOrderMark = '\u00ef\u00bb\u00bf';

/** Behind the closing quote of the field that begins here; -1: it has none. */
const behindQuoted = (text: string, begin: number, end: number, quote: string): number => {
  for (let at = begin + 1; at < end; at += 1) {
    if (text[at] !== quote) continue;
    if (text[at + 1] !== quote) return at + 1;
    at += 1;
  }
  return -1;
};

const countOf = (text: string, mark: string): number => {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) count += 1;
  return count;
};

/** The record with as many fields as the header has; `excess`: how many it has more. */
const fitted = (record: string, excess: number, { mark, quote }: Signs): string | null => {
  if (excess <= 0) return record + mark.repeat(-excess);
  let text = record;
  for (let left = excess; left > 0; left -= 1) {
    if (text.endsWith(mark + quote + quote)) text = text.slice(0, -2);
    if (!text.endsWith(mark)) return null;
    text = text.slice(0, -mark.length);
  }
  return text;
};
