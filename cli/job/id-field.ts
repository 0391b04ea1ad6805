import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodingOfText, findDelimiter, separatorOf } from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import { quoted } from '../shell/quoted.ts';
import { delimiterOf, delimiterWith } from './input-files.ts';
import { delimiterOfName, type InputFile, kindOfInput, standardInput } from './input-kinds.ts';

/** The flags that tell how the rows are read. */
interface IdFlags {
  readonly idField: string | undefined;
  readonly input: readonly string[];
  readonly delimiter?: string | undefined;
  readonly encoding?: string | undefined;
  readonly quote?: string | undefined;
  readonly promptField: string | undefined;
  readonly metadataField: readonly string[];
  readonly cwd: string;
}

/**
 * The field with the id of a row. Throws if the flag is missing, with commands that number the rows
 * of the file. The empty name is one: it is that of the index column that data frames write.
 */
export const requireIdField = async (flags: IdFlags): Promise<string> => {
  const { idField, input } = flags;
  if (idField === '') return idField;
  if (idField !== undefined) return required('--id-field', idField, nameIt);
  const [first = ''] = input;
  const numbered = input.length === 1 ? await numberedBy(first, flags) : null;
  if (numbered === null)
    throw new CliFailure('--id-field is missing', {
      hint: `${nameIt} If no field identifies a row, number the rows in a new column.`,
    });
  throw new CliFailure('--id-field is missing', {
    hint: `${nameIt} If no field identifies a row, number the rows: ${numbered.command} > ${numbered.file}.`,
    retype: { says: 'Then', adds: [`--input ${numbered.file}`, `--id-field ${numbered.field}`] },
  });
};

const nameIt = 'Name the field with the id of the row, e.g. --id-field id.';

/** How Python opens the file, and writes another one that the same flags read. */
interface Opening {
  /** Arguments of `open`, behind the file. */
  readonly reading: string;
  readonly writing: string;
}

interface Numbering {
  readonly command: string;
  readonly file: string;
  readonly field: string;
}

/** A command that writes the rows with their numbers; null: the file is no plain text. */
const numberedBy = async (given: string, flags: IdFlags): Promise<Numbering | null> => {
  if (given === standardInput || /[*?[{]|\.(?:gz|zst)$/iu.test(given)) return null;
  if (!/\.(?:csv|tsv|tab|jsonl|ndjson)$/iu.test(given)) return null;
  const { quote, encoding } = flags;
  if ((quote ?? '"') !== '"') return null;
  const input = {
    given,
    absolute: resolve(flags.cwd, given),
    ...(encoding === undefined ? {} : { encoding }),
  };
  const found = (await encodingOfText(input)) ?? 'utf-8';
  const opening = openingOf(found, encoding !== undefined);
  return kindOfInput(input) === 'jsonl'
    ? numberedLines(input, opening)
    : numberedRecords(input, opening, flags);
};

const openingOf = (encoding: string, isNamed: boolean): Opening => {
  const keeps = encoding === 'utf-8' ? ', errors="surrogateescape"' : '';
  // Python skips the mark of UTF-16 only where the order of bytes is left to it.
  const read =
    encoding === 'utf-8' ? 'utf-8-sig' : isNamed ? encoding : encoding.replace(/[lb]e$/u, '');
  return {
    reading: `encoding="${read}"${keeps}`,
    writing: `sys.stdout.reconfigure(encoding="${isNamed ? encoding : 'utf-8'}"${keeps}, newline="")`,
  };
};

/** Each line as it stands, behind its number. */
const numberedLines = async (
  { given, absolute }: InputFile,
  { reading, writing }: Opening,
): Promise<Numbering> => {
  const head = (await headOf(absolute)).replaceAll('\0', '');
  const field = freeOf((name) => head.includes(JSON.stringify(name)));
  const lines = `filter(str.strip, open(sys.argv[1], ${reading}, newline=chr(10)))`;
  const program = `import json, sys; ${writing}; sys.stdout.writelines(line.strip().replace("{", json.dumps({"${field}": n})[:-1] + ",", 1) + chr(10) for n, line in enumerate(${lines}, 1))`;
  return {
    command: `python3 -c ${quoted(program)} ${quoted(given)}`,
    file: 'with-ids.jsonl',
    field,
  };
};

const headBytes = 1_048_576;
const headOf = async (path: string): Promise<string> => {
  const handle = await open(path).catch(() => null);
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};

const numberedRecords = async (
  input: InputFile,
  { reading, writing }: Opening,
  { delimiter: named, promptField, metadataField }: IdFlags,
): Promise<Numbering> => {
  const separator = await separatorOf(input);
  const fields = [promptField, ...metadataField].filter((field) => field !== undefined);
  const delimiter =
    (named === undefined ? null : delimiterOf(named)) ??
    separator ??
    (await delimiterWith(input, fields)) ??
    delimiterOfName(input.given);
  const taken = await Promise.all(
    candidates.map(async (name) => (await findDelimiter(input, name)) !== null),
  );
  const field = freeOf((name) => taken[candidates.indexOf(name)] === true);
  const dialect = `, delimiter=${delimiter === '\t' ? 'chr(9)' : JSON.stringify(delimiter)}`;
  const skips = separator === null ? '' : 'next(rows); ';
  const program = `import csv, sys; csv.field_size_limit(2**31 - 1); ${writing}; rows = csv.reader(open(sys.argv[1], ${reading}, newline="")${dialect}); ${skips}csv.writer(sys.stdout${dialect}, lineterminator=chr(10)).writerows([n or "${field}", *row] for n, row in enumerate(row for row in rows if any(row) or len(row) == 1))`;
  return {
    command: `python3 -c ${quoted(program)} ${quoted(input.given)}`,
    file: delimiterOfName(input.given) === '\t' ? 'with-ids.tsv' : 'with-ids.csv',
    field,
  };
};

const candidates = ['id', 'row_id', 'row_number', 'batchor_row_id'];
const freeOf = (isTaken: (name: string) => boolean): string =>
  candidates.find((name) => !isTaken(name)) ?? 'batchor_row_number';
