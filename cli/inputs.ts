import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/core/json.ts';
import { SourceError } from '../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../lib/ports/source.ts';
import { CliFailure } from './failure.ts';

export type InputKind = 'csv' | 'jsonl';

/** The kind of a file, by the end of its name. */
export const kindOfInput = (path: string): InputKind => {
  const name = path.toLowerCase();
  if (name.endsWith('.csv')) return 'csv';
  if (name.endsWith('.jsonl') || name.endsWith('.ndjson')) return 'jsonl';
  throw new CliFailure(`--input ${JSON.stringify(path)}: the name must end in .csv, .jsonl or .ndjson`, {
    hint: 'Convert it, or rename it after what it holds.',
  });
};

/** Behind a row: of which file, where in it, and how many rows were read in all. A type, so that it is a `JsonValue`. */
type InputsPosition = { readonly input: number; readonly position: JsonValue; readonly rows: number };
type FileSource = CheckpointedItemSource<unknown, JsonObject>;

export interface InputsOptions<Payload> {
  readonly map: (entry: SourceEntry) => SourceEntry<Payload>;
  /** Only the first rows; null: all. */
  readonly rowsMax: number | null;
  /** Names the origin in results and comparisons. */
  readonly ref: string;
}

/** Several files read one after another as one source; ids must be unique over all of them. */
export const inputsSource = <Payload>(
  files: readonly FileSource[],
  { map, rowsMax, ref }: InputsOptions<Payload>,
): CheckpointedItemSource<Payload, JsonObject, InputsPosition> => ({
  kind: [...new Set(files.map((file) => file.kind))].join('+'),
  ref,
  fingerprint: async (options) => {
    const hash = createHash('sha256').update(`${rowsMax ?? 'all'}\n`);
    for (const file of files) hash.update(`${file.kind} ${await file.fingerprint(options)}\n`);
    return hash.digest('hex');
  },
  async *read(from, options) {
    const start = from === null ? { input: 0, position: null, rows: 0 } : decodePosition(from, files.length, ref);
    let { rows } = start;
    for (const [input, file] of files.entries()) {
      if (input < start.input) continue;
      for await (const pulled of file.read(input === start.input ? start.position : null, options)) {
        const entries: readonly SourceEntry[] = isSlice(pulled) ? pulled : [pulled];
        const left = rowsMax === null ? entries.length : rowsMax - rows;
        if (left <= 0) return;
        yield entries.slice(0, left).map((entry) => {
          rows += 1;
          return { ...map(entry), position: { input, position: entry.position, rows } };
        });
      }
    }
  },
});

/** The first rows of a file: what a check before the run looks at. */
export const firstEntries = async (file: FileSource, signal: AbortSignal): Promise<readonly SourceEntry[]> => {
  for await (const pulled of file.read(null, { signal })) return isSlice(pulled) ? pulled : [pulled];
  return [];
};

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] => Array.isArray(pulled);

const decodePosition = (stored: JsonValue, inputCount: number, ref: string): InputsPosition => {
  if (isJsonObject(stored)) {
    const { input, position, rows } = stored;
    if (typeof input === 'number' && input < inputCount && typeof rows === 'number' && position !== undefined)
      return { input, position, rows };
  }
  throw new SourceError(`cannot go on from ${JSON.stringify(stored)}: not a position in these inputs`, { ref });
};
