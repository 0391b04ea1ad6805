import type { TableFormat } from '../lib/ports/table.ts';
import { CliFailure } from './failure.ts';
import { choice } from './flags.ts';

/** How results can be written. JSON lines hold each result as it is; the others are tables. */
export const resultFormats = ['jsonl', 'csv', 'parquet', 'arrow'] as const;
export type ResultFormat = (typeof resultFormats)[number];

const formatOfEnd: readonly (readonly [end: string, format: ResultFormat])[] = [
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
];

/** The format that is asked for by name, or meant by the file's; JSON lines otherwise. */
export const resultFormatOf = (format: string | undefined, output: string | undefined): ResultFormat => {
  if (format !== undefined) return choice('--format', format, resultFormats);
  const name = output?.toLowerCase() ?? '';
  return formatOfEnd.find(([end]) => name.endsWith(end))?.[1] ?? 'jsonl';
};

/** Bytes that nobody can read on a screen are not written to one. */
export const requirePlace = ({ name, isText }: TableFormat, isTerminal: boolean): void => {
  if (isText || !isTerminal) return;
  throw new CliFailure(`--format ${name} is not for a terminal`, { hint: `Name a file: --output results.${name}` });
};
