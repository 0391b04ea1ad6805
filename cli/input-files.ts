import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { expandInput } from './compose.ts';
import { CliFailure } from './failure.ts';
import { choice } from './flags.ts';
import { type InputFile, type InputKind, inputKinds, kindOfInput, standardInput } from './input-kinds.ts';
import { spool, sweepSpools } from './spool.ts';

export const requireInput = (given: readonly string[]): void => {
  if (given.length > 0) return;
  throw new CliFailure('--input is missing', {
    hint: 'Name the file with the rows, e.g. --input reviews.csv; give it again for more files.',
  });
};

/** The files that the flags mean: patterns are expanded in the order of the names, standard input is put into a file. */
export const inputFilesOf = async (
  given: readonly string[],
  format: string | undefined,
  { cwd, stdin }: { readonly cwd: string; readonly stdin: Readable },
): Promise<readonly InputFile[]> => {
  requireInput(given);
  // Else the second would find nothing left.
  if (given.filter((pattern) => pattern === standardInput).length > 1) throw new CliFailure('--input - is given twice');
  await sweepSpools();
  const kind = format === undefined ? null : choice('--input-format', format, inputKinds);
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
  return inputs;
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
