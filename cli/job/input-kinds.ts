import { CliFailure } from '../shell/failure.ts';

/** What a file of rows can be. Text may be compressed (`.gz`, `.zst`). */
export const inputKinds = ['csv', 'jsonl', 'parquet', 'arrow'] as const;
/** What `--input-format` takes: a kind, or JSON lines that are requests already. */
export const inputFormats = [...inputKinds, 'openai-batch'] as const;
export type InputKind = (typeof inputKinds)[number];

export interface InputFile {
  /** As it was typed: names the origin in messages, results and comparisons. */
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
}

/** What the name of a CSV file promises between its fields. */
export const delimiterOfName = (given: string): string => (/\.(?:tsv|tab)(?:\.gz|\.zst)?$/iu.test(given) ? '\t' : ',');

/** What stands for standard input, in flags and messages. */
export const standardInput = '-';

const kindOfEnd: Readonly<Record<string, InputKind>> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
};

/** The kind of a file: as it was said, or by the end of its name. */
export const kindOfInput = ({ given, kind }: InputFile): InputKind => {
  if (kind !== null && kind !== undefined) return kind;
  const name = given.toLowerCase();
  const [, end = '', packed] = /\.([a-z]+)(\.gz|\.zst)?$/u.exec(name) ?? [];
  const found = Object.hasOwn(kindOfEnd, end) ? kindOfEnd[end] : undefined;
  if (found !== undefined && (packed === undefined || found === 'csv' || found === 'jsonl')) return found;
  throw new CliFailure(
    `--input ${JSON.stringify(given)}: the name must end in .csv, .tsv, .jsonl or .ndjson (each also with .gz or .zst), .parquet, .arrow or .feather`,
    { hint: `Say what it holds: --input-format ${inputKinds.join('|')}` },
  );
};
