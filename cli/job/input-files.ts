import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { expandInput, findDelimiter } from '../compose.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice } from '../shell/flags.ts';
import { delimiterOfName, type InputFile, inputFormats, type InputKind, kindOfInput, standardInput } from './input-kinds.ts';
import { spool, sweepSpools } from './spool.ts';

export const requireInput = (given: readonly string[]): void => {
  if (given.length > 0) return;
  throw new CliFailure('--input is missing', {
    hint: 'Name the file with the rows, e.g. --input reviews.csv; give it again for more files.',
  });
};

/** The files that the flags mean: patterns are expanded in the order of the names, standard input is put into a file. */
export const inputFilesOf = async (
  { input: given, inputFormat: format, delimiter }: InputFlags,
  { cwd, stdin, idField, note }: InputPlace,
): Promise<readonly InputFile[]> => {
  requireInput(given);
  const delimiterGiven = delimiter === undefined ? null : delimiterSaid(delimiter);
  // Else the second would find nothing left.
  if (given.filter((pattern) => pattern === standardInput).length > 1) throw new CliFailure('--input - is given twice');
  await sweepSpools();
  const said = format === undefined ? null : choice('--input-format', format, inputFormats);
  const kind = said === 'openai-batch' ? 'jsonl' : said;
  const inputs: InputFile[] = [];
  for (const pattern of given) {
    if (pattern === standardInput) {
      inputs.push(await spooled(stdin, kind));
      continue;
    }
    const paths = await expandInput(pattern, cwd);
    if (paths.length === 0)
      throw new CliFailure(`--input ${JSON.stringify(pattern)} matches no file`, { hint: 'Is it quoted as it is meant?' });
    inputs.push(...paths.map((path) => ({ given: path, absolute: resolve(cwd, path), ...(kind === null ? {} : { kind }) })));
  }
  inputs.forEach((input, i) => {
    kindOfInput(input);
    if (inputs.findIndex((other) => other.absolute === input.absolute) !== i) throw new CliFailure(`--input ${input.given} is given twice`);
  });
  if (delimiterGiven !== null && !inputs.some((input) => kindOfInput(input) === 'csv'))
    throw new CliFailure('--delimiter: none of the inputs is a CSV file', { hint: 'If one is, say so: --input-format csv' });
  return Promise.all(inputs.map((input) => withDelimiter(input, delimiterGiven, idField, note)));
};

export interface InputFlags {
  readonly input: readonly string[];
  readonly inputFormat: string | undefined;
  readonly delimiter: string | undefined;
}

export interface InputPlace {
  readonly cwd: string;
  readonly stdin: Readable;
  readonly idField: string;
  readonly note: (line: string) => void;
}

const delimiterSaid = (text: string): string => {
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (/^[^"\r\n]$/u.test(delimiter)) return delimiter;
  throw new CliFailure(`--delimiter ${JSON.stringify(text)}: one character is needed, or tab`, {
    hint: 'A quote or a line end cannot be it.',
  });
};

/** What stands between the fields is found where it is not said, and told where it is not what the name promises. */
const withDelimiter = async (input: InputFile, said: string | null, idField: string, note: (line: string) => void): Promise<InputFile> => {
  if (kindOfInput(input) !== 'csv') return input;
  if (said !== null) return { ...input, delimiter: said };
  const promised = delimiterOfName(input.given);
  const found = (await findDelimiter(input.absolute, idField)) ?? promised;
  if (found !== promised) note(`batchor: ${input.given}: its fields are separated by ${found === '\t' ? 'tabs' : JSON.stringify(found)}`);
  return { ...input, delimiter: found };
};

/**
 * Standard input, in a file of its own for as long as this process lives: rows are read at the pace of the run, and again where they are looked at
 * before. It cannot be had by another process: one that is stopped before all rows are read leaves a run that cannot read on. What one leaves that
 * is killed is removed by the next start.
 */
const spooled = async (stdin: Readable, kind: InputKind | null): Promise<InputFile> => {
  if (kind === null || kind === 'parquet' || kind === 'arrow')
    throw new CliFailure('--input -: standard input has no name to tell what it holds', { hint: 'Say it: --input-format csv|jsonl' });
  const absolute = await spool(stdin, `rows.${kind}`);
  if ((await stat(absolute)).size === 0)
    throw new CliFailure('--input -: standard input is empty', { hint: 'Did what is piped into it write anything?' });
  return { given: standardInput, absolute, kind };
};
