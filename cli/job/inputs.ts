import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { compositeSource } from '../../lib/run/sources/composite-source.ts';

/**
 * The position after a row: its file and place, and the count of rows read in all. A type, so that
 * it is a `JsonValue`.
 */
type InputsPosition = { readonly position: JsonValue; readonly rows: number };
type FileSource = CheckpointedItemSource<unknown, JsonObject>;

export interface InputsOptions<Payload> {
  readonly map: (entry: SourceEntry) => SourceEntry<Payload>;
  /** Only the first rows; null: all. */
  readonly rowsMax: number | null;
  /** Names the origin in results and comparisons. */
  readonly ref: string;
  /** Ids are prefixed with the file name; otherwise they must be unique over all files. */
  readonly namespacesIds: boolean;
}

/** Files read one after another as one source. */
export const inputsSource = <Payload>(
  files: readonly FileSource[],
  { map, rowsMax, ref, namespacesIds }: InputsOptions<Payload>,
): CheckpointedItemSource<Payload, JsonObject, InputsPosition> => {
  const [only] = files;
  const rows: FileSource =
    files.length === 1 && only !== undefined && !namespacesIds
      ? only
      : compositeSource(files, namespacesIds ? {} : { namespaces: null });
  return {
    kind: rows.kind,
    ref,
    fingerprint: async (options) => {
      const whole = await rows.fingerprint(options);
      return rowsMax === null
        ? whole
        : createHash('sha256').update(`${rowsMax}\n${whole}`).digest('hex');
    },
    async *read(from, options) {
      const start = from === null ? { position: null, rows: 0 } : decodePosition(from, ref);
      let count = start.rows;
      for await (const pulled of rows.read(start.position, options)) {
        const entries: readonly SourceEntry[] = isSlice(pulled) ? pulled : [pulled];
        const left = rowsMax === null ? entries.length : rowsMax - count;
        if (left <= 0) return;
        yield entries.slice(0, left).map((entry) => {
          count += 1;
          return { ...map(entry), position: { position: entry.position, rows: count } };
        });
      }
    },
  };
};

/** The first rows of a file, for the checks before the run. */
export const firstEntries = async (
  file: FileSource,
  signal: AbortSignal,
): Promise<readonly SourceEntry[]> => {
  for await (const pulled of file.read(null, { signal }))
    return isSlice(pulled) ? pulled : [pulled];
  return [];
};

/** The same file under the name that the user gave. */
export const renamed = (file: FileSource, ref: string): FileSource => ({
  ...file,
  ref,
  async *read(from, options) {
    for await (const pulled of file.read(from, options))
      yield (isSlice(pulled) ? pulled : [pulled]).map((entry) =>
        'bad' in entry
          ? { ...entry, bad: { ...entry.bad, location: { ...entry.bad.location, ref } } }
          : { ...entry, location: { ref, line: entry.location?.line ?? null } },
      );
  },
});

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] =>
  Array.isArray(pulled);

const decodePosition = (stored: JsonValue, ref: string): InputsPosition => {
  if (isJsonObject(stored)) {
    const { position, rows } = stored;
    if (typeof rows === 'number' && position !== undefined && position !== null)
      return { position, rows };
  }
  throw new SourceError(
    `cannot continue from ${JSON.stringify(stored)}: not a position in these inputs`,
    { ref },
  );
};
