import type { TableFormat } from '../../lib/ports/table.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice } from '../shell/flags.ts';
import { type InputFile, isRecords, kindOfInput } from '../job/input-kinds.ts';

/** The formats of results. JSON lines hold each result unchanged; the others are tables. */
export const resultFormats = ['jsonl', 'csv', 'parquet', 'arrow'] as const;
export type ResultFormat = (typeof resultFormats)[number];

const formatOfEnd: readonly (readonly [end: string, format: ResultFormat])[] = [
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
];

/** File extensions that promise a format which is not written. */
const unwritten = /\.(gz|zst|zstd|bz2|xz|zip|tsv|json|xlsx?|arrows)$/u;

/**
 * The format of `--format`, else of the file name, else JSON lines. A name that promises another
 * format is refused: `answers.csv.gz` would otherwise hold uncompressed JSON lines.
 */
export const resultFormatOf = (
  format: string | undefined,
  output: string | undefined,
): ResultFormat => {
  const name = output?.toLowerCase() ?? '';
  if (format !== undefined) {
    const chosen = choice('--format', format, resultFormats);
    const promised = formatOfName(name);
    if (promised === undefined || promised === chosen) return chosen;
    throw new CliFailure(
      `--output ${output ?? ''} promises ${promised}, and --format is ${chosen}`,
      {
        hint: `Name a file that ends in .${chosen}, or omit --format.`,
      },
    );
  }
  const [odd] = unwritten.exec(name) ?? [];
  if (odd !== undefined)
    throw new CliFailure(`--output ${output ?? ''}: results are not written as ${odd}`, {
      hint: `Name a file that ends in ${resultFormats.map((each) => `.${each}`).join(', ')}, or choose the format: --format ${resultFormats.join('|')}`,
    });
  return formatOfName(name) ?? 'jsonl';
};

const formatOfName = (name: string): ResultFormat | undefined =>
  formatOfEnd.find(([end]) => name.endsWith(end))?.[1];

/**
 * What to say of a file whose name shows no format; null: its name says it, or there is no file.
 */
export const formatNote = (
  format: string | undefined,
  output: string | undefined,
): string | null => {
  const [end] = /\.[a-z][a-z0-9]{0,7}$/u.exec(output?.toLowerCase() ?? '') ?? [];
  if (
    format !== undefined ||
    output === undefined ||
    end === undefined ||
    formatOfName(end) !== undefined
  )
    return null;
  return `batchor: --output ${output}: written as JSON lines, since ${end} names no format of results (--format ${resultFormats.join('|')})`;
};

/** Refuses to write binary formats to a terminal. */
export const requirePlace = ({ name, isText }: TableFormat, isTerminal: boolean): void => {
  if (isText || !isTerminal) return;
  throw new CliFailure(`--format ${name} is not for a terminal`, {
    hint: `Name a file: --output results.${name}`,
  });
};

/**
 * The table that the rows of a file are to be written as; null: they are written as they stand in
 * the file, or as JSON lines. Throws for a name that promises a format which is not written.
 */
export const joinedFormatOf = (
  {
    flag,
    output,
    format,
    isForExcel,
  }: {
    readonly flag: string;
    readonly output: string | undefined;
    readonly format: string | undefined;
    readonly isForExcel: boolean;
  },
  input: InputFile,
): ResultFormat | null => {
  const kept = kindOfInput(input) === 'csv' ? 'csv' : 'jsonl';
  const isCopied = flag === '--failed-inputs' && !isRecords(input);
  const wanted =
    format === undefined
      ? isCopied
        ? undefined
        : formatOfName(output?.toLowerCase() ?? '')
      : resultFormatOf(format, output);
  if (isForExcel && (wanted ?? kept) !== 'csv')
    throw new CliFailure('--excel goes with CSV', {
      hint: `The rows of ${input.given} are written as ${wanted ?? kept}: add --format csv.`,
    });
  if (wanted !== undefined && wanted !== kept) return wanted;
  requireJoinable({ flag, output }, input);
  return null;
};

const endsOf = {
  csv: /\.(?:jsonl|ndjson|json|parquet|arrow|feather|gz|zst|zstd|bz2|xz|zip|xlsx?)$/iu,
  jsonl: /\.(?:csv|tsv|tab|parquet|arrow|feather|gz|zst|zstd|bz2|xz|zip|xlsx?)$/iu,
  /** Of a JSON, Parquet or Arrow file. */
  records: /\.(?:json|csv|tsv|tab|parquet|arrow|feather|gz|zst|zstd|bz2|xz|zip|xlsx?)$/iu,
};

/** Rows that keep their format, or are JSON lines, stand in no file that promises another one. */
export const requireJoinable = (
  { flag, output }: { readonly flag: string; readonly output: string | undefined },
  input: InputFile,
): void => {
  if (output === undefined) return;
  const kind = isRecords(input) ? 'records' : kindOfInput(input) === 'csv' ? 'csv' : 'jsonl';
  const [end] = endsOf[kind].exec(output) ?? [];
  if (end === undefined) return;
  throw new CliFailure(
    `${flag} ${output}: the rows of ${input.given} are written as ${kind === 'csv' ? 'CSV' : 'JSON lines'}, not as ${end}`,
    {
      hint: `Name a file that ends in ${flag === '--failed-inputs' && kind !== 'records' ? `.${kind}` : '.csv, .jsonl, .parquet or .arrow'}`,
    },
  );
};
