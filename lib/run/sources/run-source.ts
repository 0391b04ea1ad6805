import { failureOfCode, type FailureClass } from '../../core/values/failure.ts';
import { lossyNumberIn } from '../../core/json/json-digits.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { memberText, withMembers } from '../../core/json/json-members.ts';
import { mayRespell } from '../../core/json/json-numbers.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../ports/source.ts';
import type { ResultRef, RowLines, RunReader } from '../../ports/run-store.ts';
import { readTexts } from '../../effects/results/results.ts';
import { must, unwrap } from '../api/interop.ts';
import { linesOfRows, resultsByIndex } from '../../rows/read-rows.ts';

/** A row of a finished run, to be sent again. */
export interface EarlierItem {
  /** Its request body as sent, without the model. Return it as `{ body }`, changed or not. */
  readonly body: JsonObject;
  /**
   * Its request body as sent, letter by letter, model included: with `keepsText`. Return it as
   * `{ bodyText }`.
   */
  readonly bodyText?: string;
  /** Null for a completed row. */
  readonly errorClass: FailureClass | null;
  readonly attemptCount: number;
}

/** Which rows of an earlier run become items again. */
export interface RunSourceOptions {
  /** All failed rows with a request (default), some failure classes, or all rows with a request. */
  readonly only?: 'failed' | 'all' | readonly FailureClass[];
  /**
   * Whether payloads have `bodyText` too. Then a number in it that JavaScript would round makes no
   * bad row: send the text. Default false.
   */
  readonly keepsText?: boolean;
}

/** What a source needs from the run. */
export interface EarlierRun {
  readonly runId: string;
  readonly reader: () => RunReader;
  /** Rejects with `run_not_finished`. */
  readonly requireFinished: () => Promise<void>;
}

const pageRows = 1_000;

/** A row without a request. */
const isBad = ({ status, code }: ResultRef): boolean =>
  status !== 'completed' && failureOfCode(code) === 'invalid_row';

const startNewRun = 'Start a new run from the original input instead';

/**
 * The rows of a finished run as a source: same ids and metadata, lineage that names the run.
 * Invalid rows (`invalid_row`) have no request; they come as bad rows, and only if `only` names
 * that class. Throws `SourceError` if request lines were pruned.
 */
export const runSource = (
  { runId, reader, requireFinished }: EarlierRun,
  { only = 'failed', keepsText = false }: RunSourceOptions,
): CheckpointedItemSource<EarlierItem, JsonObject, number> => {
  const ref = `run:${runId}`;
  const isWanted = ({ status, code }: ResultRef): boolean => {
    if (only === 'all') return status === 'completed' || failureOfCode(code) !== 'invalid_row';
    if (status === 'completed') return false;
    return only === 'failed'
      ? failureOfCode(code) !== 'invalid_row'
      : only.includes(failureOfCode(code));
  };
  /** Fails where no row has a request to send again: a run of them would hold no item. */
  const requireRows = async (): Promise<void> => {
    const namesBad = typeof only === 'string' || only.includes('invalid_row');
    let [rowCount, badCount] = [0, 0];
    for (let next: number | null = 0; next !== null;) {
      const page: { readonly results: readonly ResultRef[]; readonly nextIndex: number | null } =
        await must(resultsByIndex(reader(), next, pageRows), { runId });
      if (page.results.some((each) => isWanted(each) && !isBad(each))) return;
      rowCount += page.results.length;
      badCount += page.results.filter(isBad).length;
      next = page.nextIndex;
    }
    if (badCount > 0 && namesBad) {
      const rows = badCount === 1 ? '1 row was a bad row' : `${badCount} rows were bad rows`;
      throw new SourceError(
        `it has no row to send again: ${rows} (invalid_row), which never had a request`,
        {
          ref,
          hint: `Correct the input, and start a new run. What is wrong with each row: \`batchor results --run-id ${runId} --only invalid_row\``,
        },
      );
    }
    const failed = typeof only === 'string' ? 'failed' : `failed as ${only.join(' or ')}`;
    throw new SourceError(
      `it has no row to send again: ${rowCount === 0 ? 'it has no rows' : `none of its ${rowCount} rows ${failed}`}`,
      { ref, hint: `Its rows by failure class: \`batchor results --run-id ${runId} --summary\`` },
    );
  };
  const linesFrom = async (
    source: RunReader,
    refs: readonly ResultRef[],
  ): Promise<readonly RowLines[]> => {
    const [first, last] = [refs[0], refs[refs.length - 1]];
    return first === undefined || last === undefined
      ? []
      : must(linesOfRows(source, first.index, last.index - first.index + 1), { runId });
  };
  return {
    kind: 'run',
    ref,
    fingerprint: async () => {
      await requireFinished();
      const { createdAtMs, resultSequence, artifacts } = reader().snapshot;
      // Fails before a run is created that could not read them.
      if (artifacts.areRequestsPruned)
        throw new SourceError('its request lines were pruned', { ref, hint: `${startNewRun}.` });
      await requireRows();
      return `${createdAtMs}:${resultSequence}:${typeof only === 'string' ? only : only.join()}`;
    },
    async *read(from, { signal }) {
      await requireFinished();
      for (let next: number | null = from ?? 0; next !== null;) {
        signal.throwIfAborted();
        const source = reader();
        const page: { readonly results: readonly ResultRef[]; readonly nextIndex: number | null } =
          await must(resultsByIndex(source, next, pageRows), { runId });
        const wanted = page.results.filter(isWanted);
        const lines = await linesFrom(source, wanted);
        const found = wanted.map((each) => ({
          ref: each,
          lines: lines[each.index - (wanted[0]?.index ?? 0)] ?? null,
        }));
        yield await entriesOf(source, found, { ref, keepsText });
        next = page.nextIndex;
      }
    },
  };
};

interface Reading {
  readonly ref: string;
  readonly keepsText: boolean;
}

interface Found {
  readonly ref: ResultRef;
  readonly lines: RowLines | null;
}

/** Reads the lines of many rows, many spans of an object at once. */
const entriesOf = async (
  { artifacts, runId }: RunReader,
  found: readonly Found[],
  reading: Reading,
): Promise<readonly SourceEntry<EarlierItem, JsonObject, number>[]> => {
  const textsOf = async (
    spans: readonly (RowLines['request'] | null)[],
  ): Promise<readonly (string | null)[]> => {
    const read = await readTexts(artifacts, spans)();
    if (read._tag === 'Left' && read.left.type === 'not_found')
      throw new SourceError(
        `its request lines are missing (${read.left.message}), possibly pruned. ${startNewRun}`,
        {
          ref: reading.ref,
        },
      );
    return unwrap(read, { runId });
  };
  const requests = await textsOf(found.map(({ lines }) => lines?.request ?? null));
  const items = await textsOf(found.map(({ lines }) => lines?.item ?? null));
  return found.map(({ ref }, index) =>
    entryOf(ref, requests[index] ?? null, items[index] ?? null, reading),
  );
};

const entryOf = (
  ref: ResultRef,
  request: string | null,
  item: string | null,
  { ref: sourceRef, keepsText }: Reading,
): SourceEntry<EarlierItem, JsonObject, number> => {
  const { itemId, index, code, charged, status } = ref;
  const position = index + 1;
  const origin = { ref: sourceRef, index, namespace: null };
  const location = { ref: sourceRef, line: null };
  const body = bodyOf(request);
  if (body === null)
    return {
      bad: {
        reason: 'the row was invalid and has no request',
        field: null,
        itemId,
        location,
        metadata: metadataOf(item),
      },
      ...metadataTextIn(item),
      origin,
      position,
    };
  const lossy = keepsText ? null : lossyNumberIn(request ?? '');
  if (lossy !== null)
    return {
      bad: {
        reason: `its request contains the number ${lossy}, which JavaScript would round`,
        field: null,
        itemId,
        location,
        metadata: metadataOf(item),
      },
      ...metadataTextIn(item),
      origin,
      position,
    };
  const { model: _, stream = null, ...others } = body;
  // Only requests of adopted batches may have it.
  const rest = stream === null || stream === false ? others : { ...others, stream };
  return {
    item: {
      itemId,
      payload: {
        body: rest,
        ...(keepsText ? { bodyText: bodyTextOf(request ?? '{}') } : {}),
        errorClass: status === 'completed' ? null : failureOfCode(code),
        attemptCount: charged,
      },
      metadata: metadataOf(item),
    },
    ...metadataTextIn(item),
    primaryKey: itemId,
    origin,
    location,
    position,
  };
};

const parse = (text: string | null): JsonValue =>
  text === null || text === '' ? null : (JSON.parse(text) as JsonValue);

/** What services call the body of a request in their lines. */
const bodyNames = ['body', 'params', 'request'] as const;

const bodyOf = (request: string | null): JsonObject | null => {
  const line = parse(request);
  if (!isJsonObject(line)) return null;
  return bodyNames.map((name) => line[name]).find(isJsonObject) ?? null;
};

const bodyTextOf = (request: string): string =>
  bodyNames.map((name) => memberText(request, name)).find((text) => text !== null) ?? '{}';

/** The same as its source wrote it. */
const metadataTextIn = (item: string | null): { readonly metadataText?: string } => {
  const text = item === null || !mayRespell(item) ? null : memberText(item, 'metadata');
  return text === null
    ? {}
    : { metadataText: withMembers(text, new Map([['batchor_lineage', null]])) };
};

/** The user's metadata. The lineage is set by the new run. */
const metadataOf = (item: string | null): JsonObject => {
  const line = parse(item);
  const metadata = isJsonObject(line) ? line['metadata'] : undefined;
  if (!isJsonObject(metadata)) return {};
  const { batchor_lineage: _, ...own } = metadata;
  return own;
};
