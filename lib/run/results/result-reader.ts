import { defer, type Observable } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type {
  ItemResult,
  ResultExtra,
  ResultPage,
  ResultPageOptions,
} from '../../core/settle/results.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { ResultRef, RunReader } from '../../ports/run-store.ts';
import type { TableStream } from '../../ports/table.ts';
import { readParts, type ResultParts, type RowFacts } from '../../effects/results/results.ts';
import { BatchorError, isBatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';
import { withRefusals } from './refused-lines.ts';
import { createRowFacts } from './batch-facts.ts';
import type {
  ResultsOptions,
  ResultStream,
  ResultText,
  ResultTextPage,
  TableOptions,
} from '../api/run.ts';
import { explained, type StructureOf, typedResults, selectionOf } from './typed-results.ts';
import { openResultTable } from './result-table.ts';
import { pagesOnChange, pull } from '../drive/watch.ts';
import { toWireLine } from '../view/wire.ts';
import { resultsAfter, resultsByIndex } from '../../rows/read-rows.ts';

/** What a result reader needs from its handle. */
export interface ResultContext {
  readonly runId: string;
  /** The newest reader. Use it in the same turn, since an owner may release its run in the next. */
  readonly rows: () => RunReader;
  /** Refreshes a reader that does not follow commits by itself. */
  readonly refresh: (source: RunReader) => Promise<unknown> | undefined;
  readonly changes$: Observable<RunSnapshot>;
  /** Rejects with `run_not_finished`. */
  readonly requireFinished: () => Promise<void>;
  /** Throws what `wait` rejects with, once the run cannot progress without you. */
  readonly requireProgress: (snapshot: RunSnapshot, onPaused: ResultsOptions['onPaused']) => void;
  readonly wire: () => Promise<Pick<ProviderWire, 'readContent'>>;
  readonly structure: StructureOf;
}

/** Reads a run's results page by page. Memory: one page. */
export interface ResultReader {
  page(options: ResultPageOptions): Promise<ResultPage>;
  textPage(options: ResultPageOptions): Promise<ResultTextPage>;
  /** Pages of results as they end, until the run is finished. Fails once it needs you. */
  pagesFrom(
    afterSequence: number,
    options?: Pick<ResultsOptions, 'include' | 'only' | 'onPaused'>,
  ): Observable<readonly ItemResult[]>;
  results(options: ResultsOptions): ResultStream<unknown, JsonObject>;
  inputText(
    options: Pick<ResultsOptions, 'include' | 'only' | 'signal'>,
  ): AsyncIterable<ResultText>;
  table(options: TableOptions): Promise<ResultTable>;
  /** Reads the result at a pointer; null if it cannot be read. */
  resultOf(ref: ResultRef): Promise<ItemResult | null>;
  /** Sequence of the newest result; 0: none. */
  lastSequence(): number;
}

/** The last result read, and whether more follow. */
interface Cursor {
  sequence: number;
  hasMore: boolean;
}

/** A table, and the cursor after it once it is read. */
export interface ResultTable extends TableStream {
  cursor(): Readonly<Cursor>;
}

const pageRows = 1_000;

type Including = ResultsOptions['include'];
type Wanted = Pick<ResultsOptions, 'include' | 'only'>;
type ByIndex = { readonly results: readonly ResultRef[]; readonly nextIndex: number | null };
const extraOf = (include: Including): ResultExtra | undefined => {
  const odd: unknown = include?.find((name) => (name as unknown) !== 'response');
  if (odd !== undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'include' },
      `include must hold only 'response' (got ${JSON.stringify(odd)})`,
      "Give include: ['response'], or omit it.",
    );
  return include?.[0];
};
/** Omits absent options, since `undefined` has another meaning. */
const wantedOf = ({ include, only }: Wanted): Wanted => ({
  ...(include === undefined ? {} : { include }),
  ...(only === undefined ? {} : { only }),
});

/** Reads again where the owner ended meanwhile and closed its reader: another one is there then. */
const orFromNext = <A>(rows: () => RunReader, read: () => Promise<A>): Promise<A> => {
  const source = rows();
  return read().catch((error: unknown) => {
    if (rows() === source) throw error;
    return read();
  });
};

/** Reads on at each call. Skips pages without a selected row: an empty one would end the loop. */
const nextResults = (
  read: (afterSequence: number) => Promise<ResultPage>,
  afterSequence: number,
): (() => Promise<readonly ItemResult[]>) => {
  let cursor = afterSequence;
  return async () => {
    for (;;) {
      const { results, nextAfterSequence, hasMore } = await read(cursor);
      const isOver = !hasMore || nextAfterSequence === cursor;
      cursor = nextAfterSequence;
      if (results.length > 0 || isOver) return results;
    }
  };
};

/** Pages of results as they lie in the store and its artifacts, before they are typed. */
class PartPages {
  readonly #context: ResultContext;

  constructor(context: ResultContext) {
    this.#context = context;
  }

  async of(
    source: RunReader,
    refs: readonly ResultRef[],
    include: Including,
  ): Promise<readonly ResultParts[]> {
    const { runId, wire } = this.#context;
    const read = readParts(source.artifacts, await wire(), refs, extraOf(include));
    return withRefusals(source, await must(read, { runId }));
  }

  /** One page behind a result, with whether more follow. */
  async after<A>(
    { afterSequence = 0, limit = pageRows, include, only }: ResultPageOptions,
    use: (parts: readonly ResultParts[]) => Promise<A>,
  ): Promise<A & { readonly nextAfterSequence: number; readonly hasMore: boolean }> {
    const isWanted = selectionOf(only);
    const { runId, rows, refresh } = this.#context;
    const source = rows();
    // Awaits nothing where nothing is to be refreshed: the reader is used in this turn.
    const refreshing = refresh(source);
    if (refreshing !== undefined) await refreshing;
    const refs = await must(resultsAfter(source, afterSequence, limit), { runId });
    const page = await use(await this.of(source, refs.filter(isWanted), include));
    const nextAfterSequence = refs[refs.length - 1]?.sequence ?? afterSequence;
    return {
      ...page,
      nextAfterSequence,
      hasMore: source.snapshot.resultSequence > nextAfterSequence,
    };
  }

  async *inInputOrder({
    include,
    only,
    signal,
  }: Wanted & Pick<ResultsOptions, 'signal'>): AsyncGenerator<readonly ResultParts[]> {
    const { runId, rows, requireFinished } = this.#context;
    const isWanted = selectionOf(only);
    await requireFinished();
    for (let next: number | null = 0; next !== null;) {
      signal?.throwIfAborted();
      const source = rows();
      const found: ByIndex = await must(resultsByIndex(source, next, pageRows), { runId });
      yield await this.of(source, found.results.filter(isWanted), include);
      next = found.nextIndex;
    }
  }

  /** Results up to now, at most `limit`. Later results are left for the next call. */
  async *upToNow(
    { afterSequence = 0, limit = Infinity, include, only, signal }: TableOptions,
    last: Cursor,
  ): AsyncGenerator<readonly ResultParts[]> {
    const { runId, rows, refresh } = this.#context;
    const isWanted = selectionOf(only);
    const refreshing = refresh(rows());
    if (refreshing !== undefined) await refreshing;
    last.sequence = afterSequence;
    const until = Math.min(rows().snapshot.resultSequence, afterSequence + limit);
    last.hasMore = rows().snapshot.resultSequence > until;
    while (last.sequence < until) {
      signal?.throwIfAborted();
      const source = rows();
      const limitLeft = Math.min(pageRows, until - last.sequence);
      const refs = await must(resultsAfter(source, last.sequence, limitLeft), { runId });
      const end = refs[refs.length - 1];
      if (end === undefined) return;
      yield await this.of(source, refs.filter(isWanted), include);
      last.sequence = end.sequence;
    }
  }

  /** The first results of the run. After a thousand results, every table has the same columns. */
  async front(): Promise<readonly ResultParts[]> {
    const { runId, rows } = this.#context;
    const source = rows();
    return this.of(source, await must(resultsAfter(source, 0, pageRows), { runId }), undefined);
  }
}

/** What a result reader of the handle is made of: the pages, and what makes results of them. */
interface Reading {
  readonly context: ResultContext;
  readonly pages: PartPages;
  readonly facts: () => Promise<RowFacts>;
  readonly typed: (parts: readonly ResultParts[]) => Promise<readonly ItemResult[]>;
}

export const createResultReader = (context: ResultContext): ResultReader => {
  const { rows, structure } = context;
  const pages = new PartPages(context);
  const facts = createRowFacts(rows);
  const typed: Reading['typed'] = async (parts) => typedResults(parts, structure, await facts());
  const reading: Reading = { context, pages, facts, typed };
  const page = (options: ResultPageOptions): Promise<ResultPage> =>
    pages.after(options, async (parts) => ({ results: await typed(parts) }));
  const pagesFrom = followed(context, page);
  const textOf = async (parts: readonly ResultParts[]): Promise<ResultText> => {
    const now = await facts();
    const lines = (await explained(parts, structure)).map((part) => `${toWireLine(part, now)}\n`);
    return { text: lines.join(''), count: parts.length };
  };
  return {
    page,
    textPage: (options) => pages.after(options, textOf),
    pagesFrom,
    table: (options) => tableOf(reading, options),
    resultOf: async (ref) => {
      try {
        return (await typed(await pages.of(rows(), [ref], undefined)))[0] ?? null;
      } catch (error) {
        // `verify` and `inspect` report damage themselves.
        if (isBatchorError(error)) return null;
        throw error;
      }
    },
    lastSequence: () => rows().snapshot.resultSequence,
    results: (options) =>
      resultStream(() => {
        if (options.order === 'input') return inInputOrder(reading, options);
        const { afterSequence = 0, follow = false, signal, ...wanted } = options;
        return follow
          ? flattened(pull(pagesFrom(afterSequence, wanted), signal))
          : inSequence(context, page, options);
      }),
    async *inputText(options) {
      for await (const parts of pages.inInputOrder(options)) yield await textOf(parts);
    },
  };
};

type ReadPage = (options: ResultPageOptions) => Promise<ResultPage>;

/** Pages of results as they end: one page after the other, then whenever the run changes. */
const followed =
  ({ rows, changes$, requireProgress }: ResultContext, page: ReadPage): ResultReader['pagesFrom'] =>
  (afterSequence, { onPaused, ...options } = {}) =>
    defer(() => {
      const read = (from: number): Promise<ResultPage> =>
        orFromNext(rows, () => page({ afterSequence: from, ...wantedOf(options) }));
      const check = (snapshot: RunSnapshot): void => requireProgress(snapshot, onPaused);
      return pagesOnChange(changes$, nextResults(read, afterSequence), check);
    });

/** The results of a finished run, in the order in which they came. */
async function* inSequence(
  { requireFinished }: ResultContext,
  page: ReadPage,
  { afterSequence = 0, signal, ...options }: ResultsOptions,
): AsyncGenerator<ItemResult> {
  await requireFinished();
  let cursor = afterSequence;
  for (let hasMore = true; hasMore;) {
    signal?.throwIfAborted();
    const next = await page({ afterSequence: cursor, ...wantedOf(options) });
    yield* next.results;
    hasMore = next.hasMore && next.nextAfterSequence > cursor;
    cursor = next.nextAfterSequence;
  }
}

async function* inInputOrder(
  { pages, typed }: Reading,
  options: ResultsOptions,
): AsyncGenerator<ItemResult> {
  for await (const parts of pages.inInputOrder(options)) yield* await typed(parts);
}

async function* flattened<A>(pages: AsyncIterable<readonly A[]>): AsyncGenerator<A> {
  for await (const page of pages) yield* page;
}

const tableOf = async (
  { context: { rows, structure }, pages, facts }: Reading,
  options: TableOptions,
): Promise<ResultTable> => {
  const cursor: Cursor = { sequence: 0, hasMore: false };
  const { afterSequence = 0, limit = Infinity, order, only, columns: chosen } = options;
  const isFront =
    only === undefined && (order === 'input' || (afterSequence === 0 && limit >= pageRows));
  const { columns, pages: cells } = await openResultTable({
    reader: rows,
    facts,
    structure,
    pages: order === 'input' ? pages.inInputOrder(options) : pages.upToNow(options, cursor),
    front: isFront ? null : () => pages.front(),
    chosen,
    hasResponses: extraOf(options.include) === 'response',
  });
  return {
    columns,
    pages: cells,
    cursor: () =>
      order === 'input' ? { sequence: rows().snapshot.resultSequence, hasMore: false } : cursor,
  };
};

const resultStream = (
  open: () => AsyncGenerator<ItemResult>,
): ResultStream<unknown, JsonObject> => ({
  [Symbol.asyncIterator]: open,
  async toArray() {
    const all: ItemResult[] = [];
    for await (const result of open()) all.push(result);
    return all;
  },
});
