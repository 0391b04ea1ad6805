import { SourceError } from '../../lib/ports/source-error.ts';
import { checkCompression } from '../files/compression.ts';
import { checkEncoding, encodingOfLabel } from '../files/encoding.ts';
import { FILE_TUNING, ROW_BYTES_MAX } from '../files/file-source.ts';
import type { FileReading } from '../files/file-reading.ts';
import { openFile } from '../files/open-file.ts';
import type { CsvOptions } from './csv-source.ts';
import { readHeader, readSeparator } from './read-header.ts';

/**
 * What stands between fields in files that people have: Excel writes semicolons in half of Europe.
 * The earlier one wins.
 */
const candidates = [',', ';', '\t', '|'] as const;

/**
 * The delimiter under which the header of the file names this column; null where it names it under
 * none of comma, semicolon, tab and bar, nor under that of a first line for Excel (`sep=;`). Reads
 * the header alone. Throws `SourceError` where the file cannot be opened, or is packed otherwise
 * than its name says.
 */
export const findDelimiter = async (
  path: string,
  column: string,
  options: Pick<CsvOptions<string, unknown, {}>, 'compression' | 'encoding' | 'quote'> & {
    readonly signal?: AbortSignal;
  } = {},
): Promise<string | null> => {
  const { quote = '"', signal = new AbortController().signal } = options;
  return withReading(path, { ...options, signal }, async (reading) => {
    const separator = await readSeparator(reading).catch(() => null);
    const named = separator === null ? [] : [separator];
    for (const delimiter of [...named, ...candidates]) {
      const columns = await readHeader(reading, {
        delimiter,
        quote,
        trustsQuotes: true,
        recordBytesMax: ROW_BYTES_MAX,
      }).then(
        (header) => header.columns,
        // Under a delimiter that is not the file's, a header may have wrong quotes, or name a
        // column twice.
        (error: unknown): readonly string[] => {
          if (error instanceof SourceError) return [];
          throw error;
        },
      );
      if (columns.includes(column)) return delimiter;
    }
    return null;
  });
};

/**
 * The delimiter that a first line of the file tells Excel (`sep=;`); null: there is no such line.
 * Throws `SourceError` as `findDelimiter` does.
 */
export const findSeparator = (
  path: string,
  options: Omit<Opening, 'signal'> = {},
): Promise<string | null> =>
  withReading(path, { ...options, signal: new AbortController().signal }, readSeparator);

type Opening = Pick<CsvOptions<string, unknown, {}>, 'compression' | 'encoding'> & {
  readonly signal: AbortSignal;
};

const withReading = async <A>(
  path: string,
  { signal, ...options }: Opening,
  use: (reading: FileReading) => Promise<A>,
): Promise<A> => {
  const file = await openFile(path);
  try {
    const compression = await checkCompression(file, options.compression);
    const encoding = await checkEncoding(file, {
      compression,
      said: encodingOfLabel(options.encoding),
      signal,
    });
    const { chunkBytes } = FILE_TUNING;
    return await use({ file, compression, encoding, from: null, chunkBytes, signal });
  } finally {
    await file.handle.close();
  }
};
