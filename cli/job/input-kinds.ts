import { batchFormNames } from './batch-forms.ts';
import { CliFailure } from '../shell/failure.ts';
import { quoted } from '../shell/quoted.ts';

/** The formats of input files. Text may be compressed (`.gz`, `.zst`). */
export const inputKinds = ['csv', 'jsonl', 'json', 'parquet', 'arrow'] as const;
/** The values of `--input-format`: a kind, or JSON lines that are requests. */
export const inputFormats = [...inputKinds, ...batchFormNames] as const;
export type InputKind = (typeof inputKinds)[number];

export const isKind = (format: string): format is InputKind =>
  inputKinds.some((kind) => kind === format);

export interface InputFile {
  /** As typed: names the file in messages, results and comparisons. */
  readonly given: string;
  readonly absolute: string;
  /** Absent or null: by the end of the name. */
  readonly kind?: InputKind | null;
  /** Between the fields of a CSV file. Absent: a comma. */
  readonly delimiter?: string;
  /** Of the text. Absent: by its byte order mark, else UTF-8. */
  readonly encoding?: string;
  /** Around the fields of a CSV file; null: nothing, quotes are text. Absent: `"`. */
  readonly quote?: '"' | "'" | null;
  /**
   * Path of the list of rows in a JSON file, names separated by points. Absent: the file is the
   * list.
   */
  readonly jsonPath?: string;
  /** A longer row of a text file is a bad row. Absent: 16 MiB. */
  readonly rowBytesMax?: number;
}

/** The delimiter that the name of a CSV file promises. */
export const delimiterOfName = (given: string): string =>
  /\.(?:tsv|tab)(?:\.gz|\.zst)?$/iu.test(given) ? '\t' : ',';

/** The name of standard input in flags and messages. */
export const standardInput = '-';

const kindOfEnd: Readonly<Record<string, InputKind>> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  parquet: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
};

/** Kinds that are text: they have an encoding, and may be compressed. */
export const isText = (kind: InputKind): boolean => kind !== 'parquet' && kind !== 'arrow';

/** True for a file whose rows are no lines of their own: they are written as JSON lines. */
export const isRecords = (input: InputFile): boolean =>
  !['csv', 'jsonl'].includes(kindOfInput(input));

const isSheet = (name: string): boolean => /\.(?:xlsx|xlsm|xlsb|xls|ods|fods|numbers)$/u.test(name);

/** How to save a workbook as CSV in UTF-8, with common programs. */
const exportHint = (given: string): string =>
  `Save the sheet as CSV. Excel: File > Save As > "CSV UTF-8 (Comma delimited)". LibreOffice: File > Save As > "Text CSV", character set UTF-8; or: libreoffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' ${quoted(given)}. Gnumeric: ssconvert ${quoted(given)} rows.csv`;

/** The kind of a file: as given, or by its extension. */
export const kindOfInput = ({ given, kind }: InputFile): InputKind => {
  if (kind !== null && kind !== undefined) return kind;
  const name = given.toLowerCase();
  const [, end = '', packed] = /\.([a-z]+)(\.gz|\.zst)?$/u.exec(name) ?? [];
  const found = Object.hasOwn(kindOfEnd, end) ? kindOfEnd[end] : undefined;
  if (found !== undefined && (packed === undefined || isText(found))) return found;
  if (isSheet(name))
    throw new CliFailure(
      `--input ${JSON.stringify(given)}: spreadsheet workbooks are not supported`,
      { hint: exportHint(given) },
    );
  throw new CliFailure(
    `--input ${JSON.stringify(given)}: the name must end in .csv, .tsv, .jsonl, .ndjson or .json (each also with .gz or .zst), .parquet, .arrow or .feather`,
    { hint: `Give its format: --input-format ${inputKinds.join('|')}` },
  );
};
