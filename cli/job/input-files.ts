import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import {
  encodingNamed,
  encodingOfText,
  expandInput,
  findDelimiter,
  separatorOf,
} from '../compose-files.ts';
import { CliFailure } from '../shell/failure.ts';
import { byteCount } from '../shell/byte-count.ts';
import { rowBytesLimit } from '../shell/row-bytes.ts';
import { choice } from '../shell/flags.ts';
import {
  delimiterOfName,
  type InputFile,
  inputFormats,
  type InputKind,
  isKind,
  isText,
  kindOfInput,
  standardInput,
} from './input-kinds.ts';
import { kindOfContent, packedAs } from './kind-of-content.ts';
import { spool, removeOrphanedSpools } from './spool.ts';

export const requireInput = (given: readonly string[]): void => {
  if (given.length > 0) return;
  throw new CliFailure('--input is missing', {
    hint: 'Name the file with the rows, e.g. --input reviews.csv; repeat it for more files.',
  });
};

/**
 * The input files of the flags: patterns are expanded in the order of the names, standard input is
 * written to a file.
 */
export const inputFilesOf = async (
  flags: InputFlags,
  { cwd, stdin, idField, otherFields = [], note }: InputPlace,
): Promise<readonly InputFile[]> => {
  const { input: given, inputFormat: format } = flags;
  requireInput(given);
  const reading = await readingOf(flags);
  // The second would read an empty stream.
  if (given.filter((pattern) => pattern === standardInput).length > 1)
    throw new CliFailure('--input - is given twice');
  await removeOrphanedSpools();
  const declared = format === undefined ? null : choice('--input-format', format, inputFormats);
  const kind = declared === null || isKind(declared) ? declared : 'jsonl';
  const inputs: InputFile[] = [];
  for (const pattern of given) {
    if (pattern === standardInput) {
      inputs.push(await spooled(stdin, kind, note));
      continue;
    }
    const paths = await expandInput(pattern, cwd);
    if (paths.length === 0)
      throw new CliFailure(`--input ${JSON.stringify(pattern)} matches no file`, {
        hint: 'Check the pattern and its quotes.',
      });
    await refuseFolders(paths, cwd);
    inputs.push(
      ...paths.map((path) => ({
        given: path,
        absolute: resolve(cwd, path),
        ...(kind === null ? {} : { kind }),
      })),
    );
  }
  inputs.forEach((input, i) => {
    kindOfInput(input);
    if (inputs.findIndex((other) => other.absolute === input.absolute) !== i)
      throw new CliFailure(`--input ${input.given} is given twice`);
  });
  requireUse(reading, inputs);
  return Promise.all(
    inputs.map((input) => withDetected(input, reading, { idField, otherFields, note })),
  );
};

const refuseFolders = async (paths: readonly string[], cwd: string): Promise<void> => {
  for (const path of paths) {
    const found = await stat(resolve(cwd, path)).catch(() => null);
    if (found?.isDirectory() !== true) continue;
    const files = join(path, '*.csv');
    throw new CliFailure(`--input ${path} is a folder`, {
      hint: `Name its files by a pattern in quotes: --input '${files}'`,
    });
  }
};

/** The flags about reading text. */
export interface ReadingFlags {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly encoding?: string | undefined;
  readonly jsonPath?: string | undefined;
  readonly maxRowBytes?: string | undefined;
}

export interface InputFlags extends ReadingFlags {
  readonly input: readonly string[];
  readonly inputFormat: string | undefined;
}

export interface InputPlace {
  readonly cwd: string;
  readonly stdin: Readable;
  readonly idField: string;
  /** The delimiter is that under which the header has the id, else one of these. */
  readonly otherFields?: readonly string[];
  readonly note: (line: string) => void;
}

/** The flags that apply to all text inputs. */
export const readingOf = async ({
  delimiter,
  quote,
  encoding,
  jsonPath,
  maxRowBytes,
}: ReadingFlags): Promise<Reading> => ({
  ...(delimiter === undefined ? {} : { delimiter: delimiterOf(delimiter) }),
  ...(quote === undefined ? {} : { quote: quoteOf(quote) }),
  ...(encoding === undefined ? {} : { encoding: await encodingOf(encoding) }),
  ...(jsonPath === undefined ? {} : { jsonPath: pathOf(jsonPath) }),
  ...(maxRowBytes === undefined
    ? {}
    : { rowBytesMax: byteCount('--max-row-bytes', maxRowBytes, rowBytesLimit) }),
});

const quoteOf = (text: string): '"' | "'" | null => {
  if (text === 'none') return null;
  if (text === '"' || text === "'") return text;
  throw new CliFailure(`--quote must be '"', "'" or none (got ${JSON.stringify(text)})`, {
    hint: 'none reads quotes as text.',
  });
};

const pathOf = (text: string): string => {
  if (text.split('.').every((name) => name !== '')) return text;
  throw new CliFailure(
    `--json-path must be names separated by points (got ${JSON.stringify(text)})`,
    {
      hint: 'E.g. --json-path data.items',
    },
  );
};

/** Names of Python's for encodings that the WHATWG labels otherwise. */
const pythonNames: Readonly<Record<string, string>> = {
  latin1: 'windows-1252',
  latin2: 'iso-8859-2',
  cp932: 'shift_jis',
  mskanji: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  uhc: 'euc-kr',
  cp950: 'big5',
  macroman: 'macintosh',
  utf8sig: 'utf-8',
};

const encodingOf = (label: string): Promise<string> =>
  encodingNamed(label).catch(() => {
    const name = label.toLowerCase().replaceAll(/[-_ ]/gu, '');
    const known = Object.hasOwn(pythonNames, name) ? pythonNames[name] : undefined;
    if (known !== undefined)
      throw new CliFailure(`--encoding ${JSON.stringify(label)}: its label here is another one`, {
        hint: `Give --encoding ${known}.`,
      });
    throw new CliFailure(`--encoding ${JSON.stringify(label)}: this Node cannot decode it`, {
      hint: 'Use a WHATWG encoding label, e.g. windows-1252, utf-16le, shift_jis, gb18030, euc-kr or koi8-r.',
    });
  });

const namedDelimiters: Readonly<Record<string, string>> = {
  tab: '\t',
  '\\t': '\t',
  comma: ',',
  semicolon: ';',
  pipe: '|',
};

export const delimiterOf = (text: string): string => {
  const delimiter = Object.hasOwn(namedDelimiters, text.toLowerCase())
    ? (namedDelimiters[text.toLowerCase()] as string)
    : text;
  if (/^[^"\r\n]$/u.test(delimiter)) return delimiter;
  throw new CliFailure(
    `--delimiter must be one character, or comma, semicolon, tab or pipe (got ${JSON.stringify(text)})`,
    {
      hint: 'It cannot be a quote or a line end.',
    },
  );
};

type Reading = Pick<InputFile, 'delimiter' | 'encoding' | 'quote' | 'jsonPath' | 'rowBytesMax'>;

/** Throws for a flag about a kind of file that no input has. */
const requireUse = (
  { delimiter, quote, encoding, jsonPath, rowBytesMax }: Reading,
  inputs: readonly InputFile[],
): void => {
  const kinds = inputs.map(kindOfInput);
  const ofCsv = delimiter !== undefined ? '--delimiter' : quote !== undefined ? '--quote' : null;
  if (ofCsv !== null && !kinds.includes('csv'))
    throw new CliFailure(`${ofCsv}: none of the inputs is a CSV file`, {
      hint: 'If one is CSV, add: --input-format csv',
    });
  if (jsonPath !== undefined && !kinds.includes('json'))
    throw new CliFailure('--json-path: none of the inputs is a JSON file', {
      hint: 'If one is JSON, add: --input-format json',
    });
  if (kinds.some((kind) => isText(kind))) return;
  if (encoding !== undefined)
    throw new CliFailure('--encoding: none of the inputs is a text file', {
      hint: 'Parquet and Arrow files declare their own encoding.',
    });
  if (rowBytesMax !== undefined)
    throw new CliFailure('--max-row-bytes: none of the inputs is a text file', {
      hint: 'Rows of Parquet and Arrow files may have any length: omit it.',
    });
};

/**
 * Detects how to read the file where no flag gives it, and notes what differs from the file name.
 */
const withDetected = async (
  bare: InputFile,
  reading: Reading,
  place: Detecting,
): Promise<InputFile> => {
  const { delimiter, quote, encoding, jsonPath, rowBytesMax } = reading;
  const kind = kindOfInput(bare);
  if (!isText(kind)) return bare;
  const input = {
    ...bare,
    ...(encoding === undefined ? {} : { encoding }),
    ...(rowBytesMax === undefined ? {} : { rowBytesMax }),
  };
  const found = encoding === undefined ? await encodingOfText(input) : null;
  if (found !== null && found !== 'utf-8')
    place.note(`batchor: ${input.given}: read as ${found}, by its byte order mark`);
  if (kind === 'json') return { ...input, ...(jsonPath === undefined ? {} : { jsonPath }) };
  if (kind !== 'csv') return input;
  return withDelimiter(
    { ...input, ...(quote === undefined ? {} : { quote }) },
    delimiter ?? null,
    place,
  );
};

type Detecting = Pick<InputPlace, 'idField' | 'otherFields' | 'note'>;

export const delimiterWith = async (
  input: InputFile,
  fields: readonly string[] = [],
): Promise<string | null> => {
  for (const field of fields) {
    const found = await findDelimiter(input, field);
    if (found !== null) return found;
  }
  return null;
};

const withDelimiter = async (
  input: InputFile,
  given: string | null,
  { idField, otherFields, note }: Detecting,
): Promise<InputFile> => {
  if (given !== null) return { ...input, delimiter: given };
  const promised = delimiterOfName(input.given);
  const separator = await separatorOf(input);
  if (separator !== null)
    note(`batchor: ${input.given}: its first line is for Excel (sep=${separator}) and left out`);
  const found =
    (await delimiterWith(input, [idField])) ??
    separator ??
    (await delimiterWith(input, otherFields)) ??
    promised;
  if (found !== promised)
    note(
      `batchor: ${input.given}: its fields are separated by ${found === '\t' ? 'tabs' : JSON.stringify(found)}`,
    );
  return { ...input, delimiter: found };
};

/**
 * Copies standard input to a temporary file for the life of this process, since rows are read more
 * than once. Another process cannot read it: if this process stops before all rows are read, the
 * run waits for the same input. The next start removes the files of killed processes.
 */
const spooled = async (
  stdin: Readable,
  declared: InputKind | null,
  note: (line: string) => void,
): Promise<InputFile> => {
  const absolute = await spooledOnce(stdin, declared);
  if ((await stat(absolute)).size === 0)
    throw new CliFailure('--input -: standard input is empty', {
      hint: 'Check that the command before the pipe writes rows.',
    });
  const packed = await packedAs(absolute);
  if (packed !== null)
    throw new CliFailure(`--input -: standard input is ${packed.format} data`, {
      hint: `Unpack it before the pipe: ${packed.command} FILE | batchor … --input -. Or name the file: --input FILE, which batchor unpacks by its name.`,
    });
  if (declared !== null) return { given: standardInput, absolute, kind: declared };
  const kind = await kindOfContent(absolute);
  note(`batchor: standard input: read as ${kind}, by its first bytes (or give --input-format)`);
  return { given: standardInput, absolute, kind };
};

/** Rows are read several times, a stream once. */
const spools = new WeakMap<Readable, Promise<string>>();
const spooledOnce = (stdin: Readable, kind: InputKind | null): Promise<string> => {
  const path = spools.get(stdin) ?? spool(stdin, kind === null ? 'rows' : `rows.${kind}`);
  spools.set(stdin, path);
  return path;
};
