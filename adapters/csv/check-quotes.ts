import type { RecordFault } from './csv-segment.ts';
import { lineEnd } from '../../lib/bytes/lines.ts';

/** A record as it lies in the file, and what the parser made of it. */
export interface QuotedRecord {
  readonly bytes: Buffer;
  /** Of the record's first byte, in the file. */
  readonly offset: number;
  /** 1-based line of its first byte. */
  readonly line: number;
  readonly lineCount: number;
  readonly fields: readonly string[];
}

/** How quotes are read. */
export interface QuoteRules {
  readonly delimiter: string;
  readonly quote: string;
  /** True where the user named the quote: a record of many lines is then what it seems. */
  readonly isTrusted: boolean;
}

/** Prose of so many lines that all have the commas of a record is not to be expected. */
const suspectLinesMin = 6;

/**
 * The fault of a record whose quotes are out of place; null where it is sound, or where quotes
 * stand inside unquoted fields alone and are text. The parser takes them everywhere, also where a
 * quoted field continues after its closing quote. Costs a look at the first characters of each
 * field, and a pass over the bytes only where one of them is a quote.
 */
export const quoteFault = (record: QuotedRecord, rules: QuoteRules): RecordFault | null => {
  if (record.fields.some((field) => mayBeginWithQuote(field, rules.quote))) {
    const fault = misplacedQuote(record, rules);
    if (fault !== null) return fault;
  }
  return !rules.isTrusted && record.lineCount >= suspectLinesMin && isManyRecords(record, rules)
    ? swallowed(record)
    : null;
};

const blank = 0x20;
const byteOrderMark = 0xfeff;

const mayBeginWithQuote = (field: string, quote: string): boolean => {
  const first = field.charCodeAt(0);
  return first <= blank || first === byteOrderMark
    ? field.trimStart().startsWith(quote)
    : first === quote.charCodeAt(0);
};

const continuesAfterQuote = (quote: string): string =>
  `a quoted field continues after its closing quote. Double the quotes inside a quoted field (${quote}${quote}), or read quotes as text (quote: null)`;
const behindMark =
  'a byte order mark stands before a quoted field, as where files were put together. Remove the marks inside the file: sed -i "s/^\\xEF\\xBB\\xBF//" FILE';
const behindBlank =
  'a quote stands behind a blank at the start of a field. Remove the blank, or read quotes as text (quote: null)';

/** Walks over the fields as RFC 4180 has them, with quotes inside unquoted fields for text. */
const misplacedQuote = (
  { bytes, offset }: QuotedRecord,
  { delimiter, quote }: QuoteRules,
): RecordFault | null => {
  let at = 0;
  for (let column = 0; at <= bytes.length; column += 1) {
    const fault = (reason: string): RecordFault => ({ reason, column, fieldOffset: offset + at });
    if (bytes.subarray(at, at + quote.length).toString() === quote) {
      const close = closingQuote(bytes, at + quote.length, quote);
      // Never closed: the parser has found that out.
      if (close === -1) return null;
      const behind = close + quote.length;
      if (startsWith(bytes, behind, delimiter)) at = behind + Buffer.byteLength(delimiter);
      else return isLineEnd(bytes, behind) ? null : fault(continuesAfterQuote(quote));
      continue;
    }
    const next = bytes.indexOf(delimiter, at);
    const end = next === -1 ? bytes.length : next;
    const field = bytes.subarray(at, end).toString();
    if (field.trimStart().startsWith(quote))
      return fault(field.startsWith('\u{FEFF}') ? behindMark : behindBlank);
    if (next === -1) return null;
    at = next + Buffer.byteLength(delimiter);
  }
  return null;
};

const closingQuote = (bytes: Buffer, from: number, quote: string): number => {
  for (
    let at = bytes.indexOf(quote, from);
    at !== -1;
    at = bytes.indexOf(quote, at + 2 * quote.length)
  )
    if (!startsWith(bytes, at + quote.length, quote)) return at;
  return -1;
};

const startsWith = (bytes: Buffer, at: number, text: string): boolean =>
  bytes.subarray(at, at + Buffer.byteLength(text)).equals(Buffer.from(text));

const isLineEnd = (bytes: Buffer, at: number): boolean =>
  /^(?:\r{0,2}\n)?$/.test(bytes.subarray(at).toString());

/**
 * Two stray quotes make one record of all rows between them: then each of its lines has as many
 * fields as the record.
 */
const isManyRecords = ({ bytes, fields }: QuotedRecord, { delimiter }: QuoteRules): boolean => {
  if (fields.length < 2) return false;
  for (let at = 0; at < bytes.length;) {
    const end = lineEnd(bytes, at);
    const line = bytes.subarray(at, end === -1 ? bytes.length : end).toString();
    if (line.split(delimiter).length !== fields.length) return false;
    if (end === -1) return true;
    at = end;
  }
  return true;
};

const swallowed = ({ line, lineCount, offset }: QuotedRecord): RecordFault => ({
  reason: `a quoted field makes one record of lines ${line} to ${line + lineCount - 1}, each of which looks like a record. Is a quote never closed? Close it, read quotes as text (quote: null), or say that quotes are right (quote: '"')`,
  column: null,
  fieldOffset: offset,
});
