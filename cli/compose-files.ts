import type { JsonObject } from '../lib/core/json/json.ts';
import type { CheckpointedItemSource } from '../lib/ports/source.ts';
import type { TableFormat } from '../lib/ports/table.ts';
import { type InputFile, kindOfInput } from './job/input-kinds.ts';
import type { ResultFormat } from './print/table-formats.ts';

// The part of compose.ts that is about files of rows and results.

/** How rows of files are read. */
export interface ReadAs {
  readonly idField: string;
  readonly keepsDigits: boolean;
  readonly keepsText?: boolean;
  /** Called once for a file that is several, put together. */
  readonly onMark?: (line: number) => void;
}

/** A source over one file, each row whole as its payload. */
export const fileSource = async (
  input: InputFile,
  path: string,
  { idField, keepsDigits, keepsText = false, onMark = () => undefined }: ReadAs,
): Promise<CheckpointedItemSource<unknown, JsonObject>> => {
  switch (kindOfInput(input)) {
    case 'csv':
      return (await import('../adapters/csv/index.ts')).csvSource(path, {
        itemId: idField,
        delimiter: input.delimiter ?? ',',
        skipsEmptyRecords: true,
        onMark,
        ...(input.quote === undefined ? {} : { quote: input.quote }),
        ...(input.rowBytesMax === undefined ? {} : { recordBytesMax: input.rowBytesMax }),
        ...encodingOf(input),
      });
    case 'jsonl':
      return (await import('../adapters/jsonl/index.ts')).jsonlSource(path, {
        itemId: idField,
        numbers: keepsDigits ? 'exact' : 'rounded',
        keepsText,
        onMark,
        ...(input.rowBytesMax === undefined ? {} : { lineBytesMax: input.rowBytesMax }),
        ...encodingOf(input),
      });
    case 'json':
      return (await import('../adapters/jsonl/index.ts')).jsonSource(path, {
        itemId: idField,
        keepsText,
        onMark,
        ...(input.jsonPath === undefined ? {} : { path: input.jsonPath }),
        ...(input.rowBytesMax === undefined ? {} : { rowBytesMax: input.rowBytesMax }),
        ...encodingOf(input),
      });
    case 'parquet':
      return (await import('../adapters/parquet/index.ts')).parquetSource(path, {
        itemId: idField,
        decimals: keepsDigits ? 'text' : 'number',
      });
    case 'arrow':
      return (await import('../adapters/arrow/index.ts')).arrowSource(path, { itemId: idField });
  }
};

/**
 * A CSV or JSON lines file as text, split at the row ends that its source reports, and how to add
 * fields. One character is one byte.
 */
export const openRowText = async (input: InputFile, path: string, signal: AbortSignal) => {
  const options = { signal, ...encodingOf(input) };
  const { delimiter = ',', quote = '"' } = input;
  return kindOfInput(input) === 'csv'
    ? (await import('../adapters/csv/csv-text.ts')).openCsvText(path, {
        ...options,
        delimiter,
        quote,
      })
    : (await import('../adapters/jsonl/jsonl-text.ts')).openJsonlText(path, options);
};

/** Adds fields to a line of JSON. */
export const jsonLineExtender = async () =>
  (await import('../adapters/jsonl/jsonl-text.ts')).extendLine;

/**
 * The lines of a text file as they stand in it; null: it cannot be split into lines without
 * decoding.
 */
export const openRawText = async (
  path: string,
  options: { readonly encoding: string; readonly signal: AbortSignal },
) => (await import('../adapters/files/raw-lines.ts')).openRawLines(path, options);

/**
 * The delimiter with which the header of a CSV file has the field; null: no common one fits, or the
 * file is unreadable.
 */
export const findDelimiter = async (input: InputFile, idField: string): Promise<string | null> => {
  const csv = await import('../adapters/csv/index.ts');
  const { quote } = input;
  return csv
    .findDelimiter(input.absolute, idField, {
      ...encodingOf(input),
      ...(quote === undefined ? {} : { quote }),
    })
    .catch(() => null);
};

/** The delimiter that the first line of a CSV file tells Excel; null: it does not. */
export const separatorOf = async (input: InputFile): Promise<string | null> =>
  (await import('../adapters/csv/index.ts'))
    .findSeparator(input.absolute, encodingOf(input))
    .catch(() => null);

const encodingOf = ({ encoding }: InputFile): { readonly encoding?: string } =>
  encoding === undefined ? {} : { encoding };

/**
 * The encoding of a text file; null: the file is unreadable, and reading it gives the better error.
 */
export const encodingOfText = async ({ absolute, encoding }: InputFile): Promise<string | null> => {
  const { encodingOfFile } = await import('../adapters/files/encoding.ts');
  return encodingOfFile(absolute, encoding).catch(() => null);
};

/** The name of the encoding that a label means. Throws a `RangeError` for a label of none. */
export const encodingNamed = async (label: string): Promise<string> => {
  const { encodingOfLabel } = await import('../adapters/files/encoding.ts');
  return encodingOfLabel(label) ?? label;
};

/**
 * Loads what writes the format; null: JSON lines. CSV for Excel begins with a byte order mark, by
 * which it knows UTF-8, and its lines end in CRLF.
 */
export const tableFormatOf = async (
  format: ResultFormat,
  isForExcel = false,
): Promise<TableFormat | null> => {
  switch (format) {
    case 'jsonl':
      return null;
    case 'csv':
      return (await import('../adapters/csv/index.ts')).csvFormat(
        isForExcel ? { byteOrderMark: true, lineEnd: '\r\n' } : {},
      );
    case 'parquet':
      return (await import('../adapters/parquet/index.ts')).parquetFormat();
    case 'arrow':
      return (await import('../adapters/arrow/index.ts')).arrowFormat();
  }
};

/** The same, where columns were chosen: then JSON lines are a table too. */
export const columnFormatOf = async (
  format: ResultFormat,
  { areChosen, isForExcel }: { readonly areChosen: boolean; readonly isForExcel: boolean },
): Promise<TableFormat | null> =>
  format === 'jsonl' && areChosen
    ? (await import('../lib/run/results/json-lines.ts')).jsonLinesFormat()
    : tableFormatOf(format, isForExcel);

/** The same for the rows of a user's file. */
export const joinedTableFormat = (format: ResultFormat, isForExcel: boolean) =>
  columnFormatOf(format, { areChosen: true, isForExcel });

/** The files that match a pattern, in the order of their names. */
export const expandInput = async (pattern: string, cwd: string): Promise<readonly string[]> =>
  (await import('../adapters/files/expand-glob.ts')).expandGlob(pattern, cwd);

/** Output tokens that a request of this endpoint may be billed for; null: unbounded. */
export const outputBoundOf = async (
  endpoint: string,
  provider: string,
): Promise<(body: JsonObject) => number | null> => {
  if (provider === 'anthropic')
    return (await import('../adapters/anthropic/config/request-bounds.ts')).outputTokensMaxOf;
  if (provider === 'gemini') {
    const [{ outputTokensMaxOf }, { parseEndpoint }, { inCamelCase }] = await Promise.all([
      import('../adapters/gemini/config/request-bounds.ts'),
      import('../adapters/gemini/config/endpoints.ts'),
      import('../adapters/gemini/requests/body-text.ts'),
    ]);
    const parsed = parseEndpoint(endpoint);
    return (body) => (parsed === null ? null : outputTokensMaxOf(parsed, inCamelCase(body)));
  }
  const [{ outputTokensMaxOf }, { parseEndpoint }] = await Promise.all([
    import('../adapters/openai/config/request-bounds.ts'),
    import('../adapters/openai/config/endpoints.ts'),
  ]);
  const parsed = parseEndpoint(endpoint);
  return (body) => (parsed === null ? null : outputTokensMaxOf(parsed, body));
};
