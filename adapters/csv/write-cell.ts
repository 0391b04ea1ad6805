import type { Cell } from '../../lib/ports/table.ts';

/** What a spreadsheet takes for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Writes a cell as a field, quoted where a reader would need it. */
export const createCellWriter = (options: { readonly delimiter: string; readonly escapeFormulas: boolean }): ((cell: Cell) => string) => {
  const { delimiter, escapeFormulas } = options;
  const special = specialPattern(delimiter);
  return (cell) => {
    if (cell === null) return '';
    // Not the texts alone: a delimiter may be a digit, or a letter of `true`.
    if (typeof cell !== 'string') return quoted(typeof cell === 'number' ? JSON.stringify(cell) : String(cell), special);
    if (cell === '') return '""';
    return quoted(escapeFormulas && FORMULA.test(cell) ? `'${cell}` : cell, special);
  };
};

const quoted = (text: string, special: RegExp): string => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Quotes, both line ends, the delimiter; white space at either end, which some readers trim, and a byte order mark at the front, which they
 * take for the file's. Of a long delimiter its first character is enough: a field that ends in a part of it must not make one with the next.
 */
const specialPattern = (delimiter: string): RegExp => {
  const first = String.fromCodePoint(delimiter.codePointAt(0) ?? 0).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return new RegExp(`["\\r\\n]|${first}|^[\\s\\uFEFF]|\\s$`);
};
