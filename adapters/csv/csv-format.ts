import type { TableFormat, TableStream } from '../../lib/ports/table.ts';
import { createCellWriter } from './write-cell.ts';

/** How to write CSV. */
export interface CsvFormatOptions {
  /** Between fields. Default a comma. */
  readonly delimiter?: string;
  /** Behind every record, the last one too. Default LF. */
  readonly lineEnd?: '\n' | '\r\n';
  /**
   * A UTF-8 byte order mark at the front, by which spreadsheets know the encoding. Default false.
   */
  readonly byteOrderMark?: boolean;
  /**
   * Puts an apostrophe before texts that begin with = + - @, a tab or a carriage return, column
   * names too: a spreadsheet would run them as formulas. Programs that read the file get the
   * apostrophe too. Default false.
   */
  readonly escapeFormulas?: boolean;
}

/** Texts are encoded when so much of them has come together. */
const CHUNK_CHARS = 64 * 1024;

/**
 * CSV by RFC 4180, UTF-8: a header, then a record per row; fields are quoted where they must be.
 * Null is an empty field, an empty text is `""`: a reader that looks at quotes can tell them apart,
 * most do not. Booleans are `true` and `false`, numbers as JSON writes them, JSON as its text; a
 * lone surrogate becomes U+FFFD. A table without columns gives an empty file. Throws a `RangeError`
 * at once for a `delimiter` that is empty or holds a quote, a line end or a surrogate.
 */
export const csvFormat = (options: CsvFormatOptions = {}): TableFormat => {
  const {
    delimiter = ',',
    lineEnd = '\n',
    byteOrderMark = false,
    escapeFormulas = false,
  } = options;
  if (delimiter === '' || /["\r\n\uD800-\uDFFF]/.test(delimiter)) {
    throw new RangeError(
      `delimiter is ${JSON.stringify(delimiter)}; it must not be empty, nor hold a quote, a line end or a surrogate`,
    );
  }
  const writeCell = createCellWriter({ delimiter, escapeFormulas });
  return {
    name: 'csv',
    extensions: ['.csv'],
    isText: true,
    encode: async function* (table) {
      for await (const text of csvTexts(table, { writeCell, delimiter, lineEnd, byteOrderMark }))
        yield Buffer.from(text, 'utf8');
    },
  };
};

interface Writing {
  readonly writeCell: ReturnType<typeof createCellWriter>;
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly byteOrderMark: boolean;
}

// Our own writer: csv-stringify takes four times the CPU for the same bytes, and leaves a bare
// carriage return unquoted where lines end in LF.
/** The file in whole records, so that no surrogate pair is parted. */
async function* csvTexts(
  { columns, pages }: TableStream,
  writing: Writing,
): AsyncGenerator<string> {
  const { writeCell, delimiter, lineEnd, byteOrderMark } = writing;
  const header = columns.map(({ name }) => writeCell(name)).join(delimiter) + lineEnd;
  if (columns.length > 0) yield `${byteOrderMark ? '\u{FEFF}' : ''}${header}`;
  for await (const page of pages) {
    if (columns.length === 0) continue;
    let text = '';
    for (let row = 0; row < page.rowCount; row += 1) {
      for (let column = 0; column < columns.length; column += 1) {
        if (column > 0) text += delimiter;
        text += writeCell(page.columns[column]?.[row] ?? null);
      }
      // A row of one null is no blank line: readers pass those over.
      if (columns.length === 1 && page.columns[0]?.[row] === null) text += '""';
      text += lineEnd;
      if (text.length < CHUNK_CHARS) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }
}
