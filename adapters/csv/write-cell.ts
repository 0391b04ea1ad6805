import type { Cell } from '../../lib/ports/table.ts';

/** What a spreadsheet takes for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Writes a cell as a field, quoted where a reader would need it. */
export const createCellWriter = (options: {
  readonly delimiter: string;
  readonly escapeFormulas: boolean;
  /** Default `"`. */
  readonly quote?: '"' | "'";
}): ((cell: Cell) => string) => {
  const { delimiter, escapeFormulas, quote = '"' } = options;
  const special = specialPattern(delimiter, quote);
  const quoted = (text: string): string =>
    special.test(text) ? `${quote}${text.replaceAll(quote, quote + quote)}${quote}` : text;
  return (cell) => {
    if (cell === null) return '';
    // Not the texts alone: a delimiter may be a digit, or a letter of `true`.
    if (typeof cell !== 'string')
      return quoted(typeof cell === 'number' ? JSON.stringify(cell) : String(cell));
    if (cell === '') return quote + quote;
    return quoted(escapeFormulas && FORMULA.test(cell) ? `'${cell}` : cell);
  };
};

/**
 * Quotes, both line ends, the delimiter; white space at either end, which some readers trim, and a
 * byte order mark at the front, which they take for the file's. Of a long delimiter its first
 * character is enough: a field that ends in a part of it must not make one with the next.
 */
const specialPattern = (delimiter: string, quote: string): RegExp => {
  const first = String.fromCodePoint(delimiter.codePointAt(0) ?? 0).replace(
    /[\\^$.*+?()[\]{}|/-]/g,
    '\\$&',
  );
  return new RegExp(`[${quote}\\r\\n]|${first}|^[\\s\\uFEFF]|\\s$`);
};
