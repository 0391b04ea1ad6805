import { SourceError } from '../../lib/ports/source-error.ts';
import type { ParquetFooter } from './read-footer.ts';

/** Which columns to read (default all). */
export interface ColumnChoice {
  readonly columns: readonly string[] | null;
  /** A column that must be among them; null: none must. */
  readonly idColumn: string | null;
}

/** The supported compressions. */
const CODECS: ReadonlySet<string> = new Set([
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'ZSTD',
  'LZ4',
  'LZ4_RAW',
]);

/**
 * The names of the columns to read. Throws `SourceError` for a column that is missing, exists
 * twice, is encrypted, is in another file, or has an unsupported compression.
 */
export const pickColumns = (
  footer: ParquetFooter,
  { columns, idColumn }: ColumnChoice,
  ref: string,
): readonly string[] => {
  const found = footer.columns;
  const missing = [...(columns ?? []), ...(idColumn === null ? [] : [idColumn])].find(
    (column) => !found.includes(column),
  );
  if (missing !== undefined) {
    const what = `column ${JSON.stringify(missing)} is not in the file. Name it as the file does: ${found.map((name) => JSON.stringify(name)).join(', ')}`;
    throw new SourceError(what, { ref, field: missing });
  }
  const picked = [...new Set(columns ?? found)];
  const twice = picked.find((column) => found.indexOf(column) !== found.lastIndexOf(column));
  if (twice !== undefined) {
    throw new SourceError(
      `has column ${JSON.stringify(twice)} twice. Rename one when the file is written`,
      { ref, field: twice },
    );
  }
  for (const [index, { group }] of footer.rowGroups.entries()) {
    for (const column of picked) checkChunks(group.columns, { column, index, ref });
  }
  return picked;
};

type Chunks = ParquetFooter['rowGroups'][number]['group']['columns'];

interface ChunkOrigin {
  readonly column: string;
  /** 0-based index of the row group. */
  readonly index: number;
  readonly ref: string;
}

const checkChunks = (chunks: Chunks, { column, index, ref }: ChunkOrigin): void => {
  const refused = (what: string): SourceError =>
    new SourceError(`column ${JSON.stringify(column)} ${what}`, { ref, field: column });
  let readable = 0;
  for (const { meta_data: chunk, crypto_metadata, file_path } of chunks) {
    // A chunk without metadata does not name its column.
    if (chunk === undefined)
      throw new SourceError(
        `has encrypted columns in row group ${index}. Decrypt it first: keys are not taken`,
        { ref },
      );
    if (chunk.path_in_schema[0] !== column) continue;
    readable += 1;
    if (crypto_metadata !== undefined)
      throw refused('is encrypted. Decrypt the file first: keys are not taken');
    if (file_path !== undefined)
      throw refused(`lies in another file (${file_path}). Write everything into one file`);
    if (!CODECS.has(chunk.codec))
      throw refused(
        `is compressed with ${chunk.codec}, which is not read. Write it with zstd or snappy`,
      );
  }
  if (readable === 0)
    throw refused(`has no data in row group ${index}. The file is damaged: write or copy it again`);
};
