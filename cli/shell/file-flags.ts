import { inMiB, rowBytesLimit } from './row-bytes.ts';
import { quoted } from './quoted.ts';

/** Option names in messages of sources, and the flag for each. */
const optionForms: readonly (readonly [option: RegExp, flag: string])[] = [
  [/\(quote: null\)/gu, '(--quote none)'],
  [/\(quote: '"'\)/gu, `(--quote '"')`],
  [/\(path: '([^']+)'\)/gu, '(--json-path $1)'],
  [/\(encoding: LABEL\)/gu, '(--encoding LABEL)'],
  [/\((?:line|record|row)BytesMax\)/gu, '(--max-row-bytes)'],
  [/: name it \(encoding: '([^']+)'\)/gu, ': name it (--encoding $1)'],
  [/Name the encoding: '([^']+)'/gu, 'Name the encoding (--encoding $1)'],
  [/ \(checkProvider\(config, \{ acceptNoList: true \}\)\)/gu, ''],
  [
    /set OPENAI_API_KEY, or give createOpenAI an apiKey/gu,
    'set OPENAI_API_KEY in the environment or in a .env file of this folder',
  ],
  [/: give headers to createOpenAI instead/gu, ': give --header or BATCHOR_HEADERS instead'],
  [
    /or give createOpenAI a client of your own that uses the proxy: new OpenAI\(\{ fetchOptions: \{ dispatcher \} \}\)/gu,
    'or use a job module that exports its own connection (--job)',
  ],
  [
    /for others a client of your own with a defaultQuery/gu,
    'for others a job module that exports its own connection (--job)',
  ],
  [
    /Read it as (?:Parquet|Arrow): name it (\.\w+), or say so/gu,
    'Name it $1, or give its format (--input-format parquet|arrow)',
  ],
  [
    /Read it as JSON lines: name it \.jsonl, or say so/gu,
    'Name it .jsonl, or give its format (--input-format jsonl)',
  ],
  [
    /(?:If it is plain text, say|Say) compression: '\w+', or name it by what it is/gu,
    'Name it by what it is: .gz, .zst, or neither of them',
  ],
  [
    /but encoding is '([^']+)'\. Leave the encoding out, or say '([^']+)'/gu,
    'but --encoding is $1. Omit --encoding, or give --encoding $2',
  ],
];

/** A message of a source, with flags in place of options. */
export const inFlags = (text: string): string =>
  optionForms.reduce((said, [option, flag]) => said.replace(option, flag), text);

/** True for a row that another encoding reads, whether or not it is clear which one. */
export const needsEncoding = (message: string): boolean =>
  inFlags(message).includes('(--encoding ');

/** True for a row that is longer than the reading allows. */
export const isTooLong = (message: string): boolean =>
  inFlags(message).includes('(--max-row-bytes)');

/** The message with the name of the file in its commands, where the file was typed. */
export const withFileNamed = (message: string, ref: string, args: readonly string[]): string =>
  args
    .map((arg) => arg.replace(/^--input=/u, ''))
    .filter((typed) => typed !== '' && (typed === ref || ref.endsWith(`/${typed}`)))
    .slice(0, 1)
    .reduce((said, typed) => said.replaceAll(/(?<= )FILE\b/gu, () => quoted(typed)), message);

/** The flags that fix what a source reports about a file or a row; null: no flag does. */
export const flagsThatHelp = (message: string): string | null => {
  // Where several encodings make sense of a file, LABEL is for the user to choose.
  const [, encoding] = /\(--encoding (?!LABEL)([^)]+)\)/u.exec(inFlags(message)) ?? [];
  if (encoding !== undefined) return `--encoding ${encoding}`;
  const [, path] = /\(--json-path ([^)]+)\)/u.exec(inFlags(message)) ?? [];
  if (path !== undefined) return `--json-path ${quoted(path)}`;
  const [, kind] = /holds an? (Parquet file|Arrow)/u.exec(message) ?? [];
  const [, format] = /\(--input-format (jsonl|json|csv)\)/u.exec(inFlags(message)) ?? [];
  if (format !== undefined) return `--input-format ${format}`;
  if (kind !== undefined) return `--input-format ${kind === 'Arrow' ? 'arrow' : 'parquet'}`;
  if (isTooLong(message)) {
    const [, bytes = ''] = /longer than (\d+) bytes/u.exec(message) ?? [];
    return Number(bytes) < rowBytesLimit
      ? `--max-row-bytes ${inMiB(Math.min(4 * Number(bytes), rowBytesLimit))}`
      : null;
  }
  const [, written] = /alone\. Write them .* > (\S+)$/u.exec(message) ?? [];
  if (written !== undefined) return `--input ${written}`;
  return message.includes('(quote: null)') ? '--quote none' : null;
};
