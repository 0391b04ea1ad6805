import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { RowLines, RunReader } from '../../ports/run-store.ts';
import type { SourceEntry } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { createRowRenderer, originOf } from '../../effects/source/render.ts';
import { readTexts } from '../../effects/results/results.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';
import { linesOfRows } from '../../rows/read-rows.ts';

export interface RowsToCompare {
  readonly reader: RunReader;
  readonly source: EngineSource;
  readonly wire: Pick<ProviderWire, 'renderer' | 'renderRequest'>;
  readonly signal: AbortSignal;
}

const pageRows = 1_000;
/** Stored lines are held in memory up to about this size. */
const pageBytesMax = 4 * 1024 * 1024;

/**
 * Renders the items again and compares them with the stored rows: how many, their ids, request
 * lines and metadata. Throws `source_changed` or `job_changed` at the first difference. Of an input
 * that was not read to its end, its accepted rows. Costs one rendering of each row; memory does not
 * grow with them.
 */
export const compareAllRows = async (compared: RowsToCompare): Promise<void> => {
  const { reader, source, signal } = compared;
  const { ingest } = reader.snapshot;
  const compare = comparerOf(compared);
  let index = 0;
  for await (const value of source.items.read(null, { signal })) {
    for (const entry of Array.isArray(value)
      ? (value as readonly SourceEntry[])
      : [value as SourceEntry]) {
      if (index === ingest.itemCount) {
        if (ingest.isComplete) throw otherCount(reader, `more than ${index} items`);
        return;
      }
      if (!(await compare(entry, index))) return;
      index += 1;
    }
  }
  if (index < ingest.itemCount) throw otherCount(reader, itemsOf(index));
};

/**
 * The same for the last accepted row: of a source whose fingerprint says that its rows are the
 * same, the prompts can still be others.
 */
export const compareLastAccepted = async (compared: RowsToCompare): Promise<void> => {
  const { reader, source, signal } = compared;
  const { checkpoint, itemCount } = reader.snapshot.ingest;
  if (checkpoint === null || itemCount === 0) return;
  for await (const value of source.items.read(checkpoint.beforeLastPosition, { signal })) {
    const entry = Array.isArray(value)
      ? (value as readonly SourceEntry[])[0]
      : (value as SourceEntry);
    if (entry === undefined) continue;
    await comparerOf(compared)(entry, itemCount - 1, checkpoint.nextIndex - 1);
    return;
  }
};

/**
 * Compares one entry with the stored row of this index; false: the stored lines cannot be read any
 * more.
 */
type Comparer = (entry: SourceEntry, index: number, entryIndex?: number) => Promise<boolean>;

const comparerOf = ({ reader, source, wire }: RowsToCompare): Comparer => {
  const renderer = createRowRenderer({ run: reader, provider: wire, tokens: null }, source);
  let page: readonly StoredLines[] = [];
  let first = 0;
  return async (entry, index, entryIndex = index) => {
    if (page[index - first] === undefined) {
      page = await readPage(reader, index);
      first = index;
    }
    const stored = page[index - first];
    if (stored === undefined) return false;
    const { request, item, sameAs } = stored;
    const rendering = renderer.render(entry, sameAs ?? index, entryIndex);
    const given = rendering instanceof Promise ? await rendering : rendering;
    const storedItem = parsed(item);
    const error = storedItem['error'] ?? null;
    if (error !== null) {
      // A row whose id an earlier row has is stored under another id, with the reason.
      const asTaken = renderer.renderTaken(originOf(entry, entryIndex), given.itemId, given.bad);
      if (
        ![given.itemLine, asTaken.itemLine].some((line) =>
          isSame(parsed(line)['error'] ?? null, error),
        )
      )
        throw otherRow(reader, index, 'row', item, given.line === '' ? given.itemLine : given.line);
      return true;
    }
    if (given.itemId !== storedItem['item_id'])
      throw otherItems(
        reader,
        `item ${index + 1} has the id ${JSON.stringify(given.itemId)}, and had ${JSON.stringify(storedItem['item_id'])}`,
        given.itemId,
      );
    if (request !== null && request !== given.line)
      throw otherRow(
        reader,
        index,
        'request',
        request,
        given.line === '' ? given.itemLine : given.line,
      );
    if (
      item !== given.itemLine &&
      !isSame(metadataIn(storedItem), metadataIn(parsed(given.itemLine)))
    )
      throw otherRow(reader, index, 'metadata', item, given.itemLine);
    return true;
  };
};

interface StoredLines {
  /** Null: a bad row, or request lines that were removed. */
  readonly request: string | null;
  readonly item: string;
  readonly sameAs: number | null;
}

/** Empty where the lines cannot be read: there is nothing to compare with then. */
const readPage = async (reader: RunReader, from: number): Promise<readonly StoredLines[]> => {
  const { runId, artifacts, snapshot } = reader;
  const all = await must(linesOfRows(reader, from, pageRows), { runId });
  const lines = within(all);
  const items = await readTexts(
    artifacts,
    lines.map(({ item }) => item),
  )();
  if (items._tag === 'Left') return [];
  const requests = snapshot.artifacts.areRequestsPruned
    ? null
    : await readTexts(
        artifacts,
        lines.map(({ request }) => request),
      )();
  const texts = requests === null || requests._tag === 'Left' ? [] : requests.right;
  return lines.map(({ sameAs }, i) => ({
    request: texts[i] ?? null,
    item: items.right[i] ?? '{}',
    sameAs,
  }));
};

const within = (lines: readonly RowLines[]): readonly RowLines[] => {
  let bytes = 0;
  const end = lines.findIndex(
    ({ request, item }) => (bytes += (request?.length ?? 0) + item.length) > pageBytesMax,
  );
  return end < 0 ? lines : lines.slice(0, Math.max(1, end));
};

const parsed = (line: string): JsonObject => {
  try {
    const value = JSON.parse(line) as JsonValue;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
};

/** The item's own: the lineage names files and folders, which may move. */
const metadataIn = (item: JsonObject): JsonObject => {
  const metadata = item['metadata'] ?? null;
  return isJsonObject(metadata) ? { ...metadata, batchor_lineage: null } : {};
};

const isSame = (a: JsonValue, b: JsonValue): boolean => JSON.stringify(a) === JSON.stringify(b);

const waysOn = (runId: string): string =>
  `The rows of ${runId} are those of its first start. Start a run of another id for other items, or one that asks rows of ${runId} again (run.source() in a program, --from-run ${runId} in the shell).`;

const itemsOf = (count: number): string => `${count} ${count === 1 ? 'item' : 'items'}`;

const otherCount = (reader: RunReader, given: string): BatchorError =>
  otherItems(
    reader,
    `given: ${given}; stored: ${itemsOf(reader.snapshot.ingest.itemCount)}`,
    given,
  );

const otherItems = ({ runId, snapshot }: RunReader, what: string, found: string): BatchorError => {
  const { config, ingest } = snapshot;
  return new BatchorError(
    'source_changed',
    {
      ref: config.source.ref,
      storedFingerprint: itemsOf(ingest.itemCount),
      foundFingerprint: found,
      nextIndex: storedCount(snapshot),
    },
    `the items given are not those of run ${runId}: ${what}`,
    waysOn(runId),
  );
};

const storedCount = ({ ingest }: RunSnapshot): number => ingest.checkpoint?.nextIndex ?? 0;

const otherRow = (
  { runId }: RunReader,
  index: number,
  what: 'row' | 'request' | 'metadata',
  storedLine: string,
  givenLine: string,
): BatchorError => {
  const [stored, given] = [storedLine.trimEnd(), givenLine.trimEnd()];
  return new BatchorError(
    'job_changed',
    {
      runId,
      differences: [
        {
          field: `items[${index}].${what}`,
          stored,
          given,
          remedy: 'Give the same item and buildPrompt, or start a new run.',
        },
      ],
    },
    `item ${index + 1} gives another ${what} than in run ${runId}\n  stored: ${stored.slice(0, 400)}\n  given:  ${given.slice(0, 400)}`,
    `The item or buildPrompt changed. ${waysOn(runId)}`,
  );
};
