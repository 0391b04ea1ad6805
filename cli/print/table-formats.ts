import type { TableFormat } from '../../lib/ports/table.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice } from '../shell/flags.ts';
import { type InputFile, kindOfInput } from '../job/input-kinds.ts';

/** How results can be written. JSON lines hold each result as it is; the others are tables. */
export const resultFormats = ['jsonl', 'csv', 'parquet', 'arrow'] as const;
export type ResultFormat = (typeof resultFormats)[number];

const formatOfEnd: readonly (readonly [end: string, format: ResultFormat])[] = [
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
];

/** Ends of names by which a reader would expect what is not written. */
const unwritten = /\.(gz|zst|zstd|bz2|xz|zip|tsv|xlsx?|arrows)$/u;

/**
 * The format that is asked for by name, or meant by the file's; JSON lines otherwise. A name that means something else is refused: whoever asks
 * for `answers.csv.gz` would get JSON lines, not compressed, and find out from the reader.
 */
export const resultFormatOf = (format: string | undefined, output: string | undefined): ResultFormat => {
  if (format !== undefined) return choice('--format', format, resultFormats);
  const name = output?.toLowerCase() ?? '';
  const [odd] = unwritten.exec(name) ?? [];
  if (odd !== undefined)
    throw new CliFailure(`--output ${output ?? ''}: results are not written as ${odd}`, {
      hint: `Name a file that ends in ${resultFormats.map((each) => `.${each}`).join(', ')}, or say what it is to hold: --format ${resultFormats.join('|')}`,
    });
  return formatOfEnd.find(([end]) => name.endsWith(end))?.[1] ?? 'jsonl';
};

/** Bytes that nobody can read on a screen are not written to one. */
export const requirePlace = ({ name, isText }: TableFormat, isTerminal: boolean): void => {
  if (isText || !isTerminal) return;
  throw new CliFailure(`--format ${name} is not for a terminal`, { hint: `Name a file: --output results.${name}` });
};

const endsOf = {
  csv: /\.(?:jsonl|ndjson|json|parquet|arrow|feather|gz|zst|zstd|bz2|xz|zip|xlsx?)$/iu,
  jsonl: /\.(?:csv|tsv|tab|parquet|arrow|feather|gz|zst|zstd|bz2|xz|zip|xlsx?)$/iu,
};

/** Rows are given back in the form in which they came: a name that promises another is refused. */
export const requireJoinable = (flag: string, output: string | undefined, input: InputFile): void => {
  const kind = kindOfInput(input);
  if (output === undefined || (kind !== 'csv' && kind !== 'jsonl')) return;
  const [end] = endsOf[kind].exec(output) ?? [];
  if (end === undefined) return;
  throw new CliFailure(
    `${flag} ${output}: the rows of ${input.given} are given back as ${kind === 'csv' ? 'CSV' : 'JSON lines'}, not as ${end}`,
    {
      hint: `Name a file that ends in ${kind === 'csv' ? '.csv' : '.jsonl'}`,
    },
  );
};
