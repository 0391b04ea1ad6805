import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { encodingNamed, encodingOfText, expandInput, findDelimiter } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice } from '../shell/flags.ts';
import { delimiterOfName, type InputFile, inputFormats, type InputKind, isText, kindOfInput, standardInput } from './input-kinds.ts';
import { spool, sweepSpools } from './spool.ts';

export const requireInput = (given: readonly string[]): void => {
  if (given.length > 0) return;
  throw new CliFailure('--input is missing', {
    hint: 'Name the file with the rows, e.g. --input reviews.csv; give it again for more files.',
  });
};

/** The files that the flags mean: patterns are expanded in the order of the names, standard input is put into a file. */
export const inputFilesOf = async (flags: InputFlags, { cwd, stdin, idField, note }: InputPlace): Promise<readonly InputFile[]> => {
  const { input: given, inputFormat: format } = flags;
  requireInput(given);
  const reading = await readingSaid(flags);
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
  requireUse(reading, inputs);
  return Promise.all(inputs.map((input) => lookedAt(input, reading, { idField, note })));
};

export interface InputFlags {
  readonly input: readonly string[];
  readonly inputFormat: string | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly encoding: string | undefined;
  readonly jsonPath: string | undefined;
}

export interface InputPlace {
  readonly cwd: string;
  readonly stdin: Readable;
  readonly idField: string;
  readonly note: (line: string) => void;
}

/** What is said of the texts of all inputs. */
const readingSaid = async ({ delimiter, quote, encoding, jsonPath }: InputFlags): Promise<Reading> => ({
  ...(delimiter === undefined ? {} : { delimiter: delimiterSaid(delimiter) }),
  ...(quote === undefined ? {} : { quote: quoteSaid(quote) }),
  ...(encoding === undefined ? {} : { encoding: await encodingSaid(encoding) }),
  ...(jsonPath === undefined ? {} : { jsonPath: pathSaid(jsonPath) }),
});

const quoteSaid = (text: string): '"' | "'" | null => {
  if (text === 'none') return null;
  if (text === '"' || text === "'") return text;
  throw new CliFailure(`--quote ${JSON.stringify(text)}: allowed are '"', "'" and none`, { hint: 'none reads quotes as text.' });
};

const pathSaid = (text: string): string => {
  if (text.split('.').every((name) => name !== '')) return text;
  throw new CliFailure(`--json-path ${JSON.stringify(text)}: names with points between them are needed`, {
    hint: 'E.g. --json-path data.items',
  });
};

const encodingSaid = (label: string): Promise<string> =>
  encodingNamed(label).catch(() => {
    throw new CliFailure(`--encoding ${JSON.stringify(label)}: this Node cannot decode it`, {
      hint: 'Name one of the WHATWG, like windows-1252, utf-16le, shift_jis, gb18030, euc-kr or koi8-r.',
    });
  });

const delimiterSaid = (text: string): string => {
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (/^[^"\r\n]$/u.test(delimiter)) return delimiter;
  throw new CliFailure(`--delimiter ${JSON.stringify(text)}: one character is needed, or tab`, {
    hint: 'A quote or a line end cannot be it.',
  });
};

type Reading = Pick<InputFile, 'delimiter' | 'encoding' | 'quote' | 'jsonPath'>;

/** A flag about a kind of file of which there is none is a mistake. */
const requireUse = ({ delimiter, quote, encoding, jsonPath }: Reading, inputs: readonly InputFile[]): void => {
  const kinds = inputs.map(kindOfInput);
  const ofCsv = delimiter !== undefined ? '--delimiter' : quote !== undefined ? '--quote' : null;
  if (ofCsv !== null && !kinds.includes('csv'))
    throw new CliFailure(`${ofCsv}: none of the inputs is a CSV file`, { hint: 'If one is, say so: --input-format csv' });
  if (jsonPath !== undefined && !kinds.includes('json'))
    throw new CliFailure('--json-path: none of the inputs is a JSON file', { hint: 'If one is, say so: --input-format json' });
  if (encoding !== undefined && !kinds.some((kind) => isText(kind)))
    throw new CliFailure('--encoding: none of the inputs is a text file', {
      hint: 'Parquet and Arrow files say their encoding themselves.',
    });
};

/** How to read the file is found where it is not said, and told where it is not what the name promises. */
const lookedAt = async (bare: InputFile, reading: Reading, place: Pick<InputPlace, 'idField' | 'note'>): Promise<InputFile> => {
  const { delimiter, quote, encoding, jsonPath } = reading;
  const kind = kindOfInput(bare);
  if (!isText(kind)) return bare;
  const input = { ...bare, ...(encoding === undefined ? {} : { encoding }) };
  const found = encoding === undefined ? await encodingOfText(input) : null;
  if (found !== null && found !== 'utf-8') place.note(`batchor: ${input.given}: read as ${found}, as its byte order mark says`);
  if (kind === 'json') return { ...input, ...(jsonPath === undefined ? {} : { jsonPath }) };
  if (kind !== 'csv') return input;
  return withDelimiter({ ...input, ...(quote === undefined ? {} : { quote }) }, delimiter ?? null, place);
};

const withDelimiter = async (
  input: InputFile,
  said: string | null,
  { idField, note }: Pick<InputPlace, 'idField' | 'note'>,
): Promise<InputFile> => {
  if (said !== null) return { ...input, delimiter: said };
  const promised = delimiterOfName(input.given);
  const found = (await findDelimiter(input, idField)) ?? promised;
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
    throw new CliFailure('--input -: standard input has no name to tell what it holds', { hint: 'Say it: --input-format csv|jsonl|json' });
  const absolute = await spool(stdin, `rows.${kind}`);
  if ((await stat(absolute)).size === 0)
    throw new CliFailure('--input -: standard input is empty', { hint: 'Did what is piped into it write anything?' });
  return { given: standardInput, absolute, kind };
};
