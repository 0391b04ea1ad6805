import { SourceError } from '../../lib/ports/source-error.ts';
import type { FileReading } from '../files/file-reading.ts';
import type { FileRow } from '../files/file-source.ts';
import { openWindow } from '../files/file-window.ts';
import { listColumns, readHeader } from './read-header.ts';
import { readRecords } from './read-records.ts';
import type { CsvRecord } from './read-records.ts';

/** What of a CSV file is read, and how. */
export interface CsvReadOptions<Column extends string> {
  /** The columns a row consists of; null for all that the header names. */
  readonly columns: readonly Column[] | null;
  /** A column that must be among them; null if none must. */
  readonly idColumn: string | null;
  /** Null: as a first line for Excel says, else a comma. */
  readonly delimiter: string | null;
  readonly foundMark: (line: number) => void;
  /** Null: quotes are text. */
  readonly quote: string | null;
  /** True where the user named it. */
  readonly trustsQuotes: boolean;
  readonly recordBytesMax: number;
  readonly skipsEmptyRecords: boolean;
}

/** A row by column name. */
export type CsvRow<Column extends string> = Readonly<Record<Column, string>>;

/**
 * The rows of a CSV file behind its header. A record with more or fewer columns than the header is
 * a bad row, unless those that are too many are empty.
 */
export async function* readCsv<Column extends string>(
  reading: FileReading,
  options: CsvReadOptions<Column>,
): AsyncGenerator<readonly FileRow<CsvRow<Column>>[]> {
  const header = await readHeader(reading, options);
  const { columns, delimiter } = header;
  const toRow = createRowMaker(
    columns,
    pickedColumns(columns, { ...options, delimiter }, reading.file.path),
  );
  const isRow = (record: CsvRecord): boolean =>
    (!options.skipsEmptyRecords || isNoBlank(record)) && !isHeaderAgain(record, columns);
  const from = reading.from ?? header.next;
  const window = await openWindow(reading, from);
  try {
    let index = from.index;
    for await (const records of readRecords(window, { ...options, delimiter, line: from.line })) {
      const marked = records.find(hasMark);
      if (marked !== undefined) options.foundMark(marked.line);
      yield (
        marked !== undefined || options.skipsEmptyRecords ? records.filter(isRow) : records
      ).map((record): FileRow<CsvRow<Column>> => {
        index += 1;
        const { line, next } = record;
        const position = window.checkpointAt(next.offset, next.line, index);
        const made = toRow(record);
        return made.type === 'row'
          ? { type: 'row', value: made.value, line, position }
          : { ...made, line, position };
      });
    }
  } finally {
    await window.close();
  }
}

/**
 * Which columns make a row, and where they stand in a record. Throws `SourceError` for one that the
 * header lacks.
 */
const pickedColumns = <Column extends string>(
  found: readonly string[],
  {
    columns,
    idColumn,
    delimiter,
  }: Pick<CsvReadOptions<Column>, 'columns' | 'idColumn' | 'delimiter'>,
  ref: string,
): readonly Picked<Column>[] => {
  const locations = new Map(found.map((column, at) => [column, at]));
  const missing = [...(columns ?? []), ...(idColumn === null ? [] : [idColumn])].find(
    (column) => !locations.has(column),
  );
  if (missing !== undefined) {
    const hint =
      found.length === 1 && /[;\t|]/.test(found[0] ?? '')
        ? ` Is ${JSON.stringify(delimiter)} really the delimiter?`
        : '';
    const what = `column ${JSON.stringify(missing)} is not in the header. Name it as the header does: ${listColumns(found)}.${hint}`;
    throw new SourceError(what, { ref, field: missing });
  }
  // Without `columns` a row has all columns of the header: Column is then plain `string`.
  return (columns ?? (named(found) as readonly Column[])).map((column) => ({
    column,
    at: locations.get(column) ?? -1,
  }));
};

interface Picked<Column extends string> {
  readonly column: Column;
  readonly at: number;
}

type MadeRow<Column extends string> =
  | { readonly type: 'row'; readonly value: CsvRow<Column> }
  | {
      readonly type: 'bad';
      readonly reason: string;
      readonly field: string | null;
      readonly isUndecodable?: true;
    };

const createRowMaker = <Column extends string>(
  header: readonly string[],
  picked: readonly Picked<Column>[],
): ((record: CsvRecord) => MadeRow<Column>) => {
  const toValue = createValueMaker(picked);
  return (record) => {
    if (record.type === 'fault') {
      const field = record.column === null ? null : (header[record.column] ?? null);
      return {
        type: 'bad',
        reason: record.reason,
        field,
        ...(record.isUndecodable === true ? { isUndecodable: true } : {}),
      };
    }
    const { fields } = record;
    if (
      fields.length === header.length ||
      (fields.length > header.length && areEmpty(fields.slice(header.length)))
    )
      return { type: 'row', value: toValue(fields) };
    return {
      type: 'bad',
      reason: `the record has ${countColumns(fields.length)}, the header ${header.length}`,
      field: null,
    };
  };
};

/** Several columns without a name cannot be told apart. */
const named = (found: readonly string[]): readonly string[] =>
  found.indexOf('') === found.lastIndexOf('') ? found : found.filter((column) => column !== '');

const areEmpty = (fields: readonly string[]): boolean => fields.every((field) => field === '');

/** A line of one empty field is a row of a file with one column, which quotes it. */
const isNoBlank = (record: CsvRecord): boolean =>
  record.type === 'fault' || record.fields.length === 1 || !areEmpty(record.fields);

const hasMark = (record: CsvRecord): boolean => record.type === 'record' && record.hasMark === true;

/** The header of a file that was put behind another one. */
const isHeaderAgain = (record: CsvRecord, columns: readonly string[]): boolean =>
  record.type === 'record' &&
  record.hasMark === true &&
  record.fields.length === columns.length &&
  record.fields.every((field, at) => field === columns[at]);

/** Both ways fill every column, since the record is as long as the header. */
const createValueMaker = <Column extends string>(
  picked: readonly Picked<Column>[],
): ((fields: readonly string[]) => CsvRow<Column>) => {
  // Assigning to "__proto__" would set no column; fromEntries does, at several times the cost.
  if (picked.some(({ column }) => column === '__proto__')) {
    return (fields) =>
      Object.fromEntries(picked.map(({ column, at }) => [column, fields[at]])) as CsvRow<Column>;
  }
  return (fields) => {
    const value: Partial<Record<Column, string | undefined>> = {};
    for (const { column, at } of picked) value[column] = fields[at];
    return value as CsvRow<Column>;
  };
};

const countColumns = (count: number): string => (count === 1 ? '1 column' : `${count} columns`);
