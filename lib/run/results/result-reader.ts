import { defer, type Observable } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type { ItemResult, ResultExtra, ResultPage, ResultPageOptions } from '../../core/settle/results.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { ResultRef, RunReader } from '../../ports/run-store.ts';
import type { TableStream } from '../../ports/table.ts';
import { readParts, type ResultParts } from '../../effects/results/results.ts';
import { BatchorError, isBatchorError } from '../api/errors.ts';
import { createResultFinder } from './find-items.ts';
import { must } from '../api/interop.ts';
import { withRefusals } from './refused-lines.ts';
import { createRowFacts } from './row-facts.ts';
import type { ResultsOptions, ResultStream, ResultText, ResultTextPage, TableOptions } from '../api/run.ts';
import { selectionOf } from './selection.ts';
import { openResultTable } from './result-table.ts';
import { explained, type StructureOf, typedResults } from './typed-results.ts';
import { pagesOnChange, pull } from '../drive/watch.ts';
import { toWireLine } from '../view/wire.ts';

/** What reading results needs of a handle. */
export interface ResultScene {
  readonly runId: string;
  /** The freshest reader of rows and results; used in the same turn, since an owner may give its run back in the next. */
  readonly rows: () => RunReader;
  /** Brings a reader up to date that does not keep up by itself. */
  readonly refresh: (source: RunReader) => Promise<unknown> | undefined;
  readonly changes$: Observable<RunSnapshot>;
  /** Rejects with `run_not_finished`. */
  readonly requireFinished: () => Promise<void>;
  readonly wire: () => Promise<Pick<ProviderWire, 'readContent'>>;
  readonly structure: StructureOf;
}

/** A run's results: page by page, never held whole. */
export interface ResultReader {
  page(options: ResultPageOptions): Promise<ResultPage>;
  textPage(options: ResultPageOptions): Promise<ResultTextPage>;
  /** As they come, until the run is finished. */
  pagesFrom(afterSequence: number, options?: Pick<ResultsOptions, 'include' | 'only'>): Observable<readonly ItemResult[]>;
  results(options: ResultsOptions): ResultStream<unknown, JsonObject>;
  inputText(options: Pick<ResultsOptions, 'include' | 'only' | 'signal'>): AsyncIterable<ResultText>;
  table(options: TableOptions): Promise<ResultTable>;
  /** The result that a pointer means; null where what it points to cannot be read. */
  resultOf(ref: ResultRef): Promise<ItemResult | null>;
  /** The number of the newest result; 0: there is none. */
  lastSequence(): number;
}

/** The last result that was read, and whether there are more behind it. */
interface Cursor {
  sequence: number;
  hasMore: boolean;
}

/** A table, and, once it is read, where the next one begins. */
export interface ResultTable extends TableStream {
  cursor(): Readonly<Cursor>;
}

const pageRows = 1_000;

type Including = ResultsOptions['include'];
type Asked = Pick<ResultsOptions, 'include' | 'only'>;
type ByIndex = { readonly results: readonly ResultRef[]; readonly nextIndex: number | null };
const extraOf = (include: Including): ResultExtra | undefined => {
  const odd: unknown = include?.find((name) => (name as unknown) !== 'response');
  if (odd !== undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'include' },
      `include must hold only 'response' (got ${JSON.stringify(odd)})`,
      "Give include: ['response'], or leave it out.",
    );
  return include?.[0];
};
/** Absent is not the same as undefined. */
const asked = ({ include, only }: Asked): Asked => ({
  ...(include === undefined ? {} : { include }),
  ...(only === undefined ? {} : { only }),
});

export const createResultReader = ({ runId, rows, refresh, changes$, requireFinished, wire, structure }: ResultScene): ResultReader => {
  const context = { runId };
  const factsNow = createRowFacts(rows);
  const partsOf = async (source: RunReader, refs: readonly ResultRef[], include: Including): Promise<readonly ResultParts[]> =>
    withRefusals(source, await must(readParts(source.artifacts, await wire(), refs, extraOf(include)), context));
  const pageOf = async <A>(
    { afterSequence = 0, limit = pageRows, include, only }: ResultPageOptions,
    use: (parts: readonly ResultParts[]) => Promise<A>,
  ): Promise<A & { readonly nextAfterSequence: number; readonly hasMore: boolean }> => {
    const isWanted = selectionOf(only);
    const source = rows();
    const refreshing = refresh(source);
    if (refreshing !== undefined) await refreshing;
    const refs = await must(source.resultsAfter(afterSequence, limit), context);
    const page = await use(await partsOf(source, refs.filter(isWanted), include));
    const nextAfterSequence = refs[refs.length - 1]?.sequence ?? afterSequence;
    return { ...page, nextAfterSequence, hasMore: source.snapshot.resultSequence > nextAfterSequence };
  };
  const page = (options: ResultPageOptions): Promise<ResultPage> =>
    pageOf(options, async (parts) => ({ results: await typedResults(parts, structure, await factsNow()) }));
  const textOf = async (parts: readonly ResultParts[]): Promise<ResultText> => {
    const facts = await factsNow();
    const told = await explained(parts, structure);
    return { text: told.map((part) => `${toWireLine(part, facts)}\n`).join(''), count: parts.length };
  };

  const pagesFrom = (afterSequence: number, options: Asked = {}): Observable<readonly ItemResult[]> =>
    defer(() => {
      let cursor = afterSequence;
      return pagesOnChange(changes$, async () => {
        const next = await page({ afterSequence: cursor, ...asked(options) });
        cursor = next.nextAfterSequence;
        return next.results;
      });
    });

  async function* inSequence({ afterSequence = 0, follow = false, signal, ...options }: ResultsOptions): AsyncGenerator<ItemResult> {
    if (follow) {
      for await (const results of pull(pagesFrom(afterSequence, options), signal)) yield* results;
      return;
    }
    await requireFinished();
    let cursor = afterSequence;
    for (let hasMore = true; hasMore;) {
      signal?.throwIfAborted();
      const next = await page({ afterSequence: cursor, ...asked(options) });
      yield* next.results;
      hasMore = next.hasMore && next.nextAfterSequence > cursor;
      cursor = next.nextAfterSequence;
    }
  }
  async function* inInputOrder({ include, only, signal }: Asked & Pick<ResultsOptions, 'signal'>): AsyncGenerator<readonly ResultParts[]> {
    const isWanted = selectionOf(only);
    await requireFinished();
    for (let next: number | null = 0; next !== null;) {
      signal?.throwIfAborted();
      const source = rows();
      const found: ByIndex = await must(source.resultsByIndex(next, pageRows), context);
      yield await partsOf(source, found.results.filter(isWanted), include);
      next = found.nextIndex;
    }
  }
  /** What there is now, or the first so many of it: what ends meanwhile is left for the next time. */
  async function* upToNow(
    { afterSequence = 0, limit = Infinity, include, only, signal }: TableOptions,
    last: Cursor,
  ): AsyncGenerator<readonly ResultParts[]> {
    const isWanted = selectionOf(only);
    const first = rows();
    const refreshing = refresh(first);
    if (refreshing !== undefined) await refreshing;
    last.sequence = afterSequence;
    const until = Math.min(rows().snapshot.resultSequence, afterSequence + limit);
    last.hasMore = rows().snapshot.resultSequence > until;
    while (last.sequence < until) {
      signal?.throwIfAborted();
      const source = rows();
      const refs = await must(source.resultsAfter(last.sequence, Math.min(pageRows, until - last.sequence)), context);
      const end = refs[refs.length - 1];
      if (end === undefined) return;
      yield await partsOf(source, refs.filter(isWanted), include);
      last.sequence = end.sequence;
    }
  }
  /** A page for each page of ids, with null where there is no result. */
  async function* byIds(
    pages: AsyncIterable<readonly string[]>,
    { include, signal }: TableOptions,
  ): AsyncGenerator<readonly (ResultParts | null)[]> {
    await requireFinished();
    const find = createResultFinder(rows);
    for await (const ids of pages) {
      signal?.throwIfAborted();
      const refs = await find(ids);
      const parts = (
        await partsOf(
          rows(),
          refs.filter((ref) => ref !== null),
          include,
        )
      ).values();
      yield refs.map((ref) => (ref === null ? null : (parts.next().value ?? null)));
    }
  }
  /** The first results of the run: from the thousandth on, every table of what has ended has the same columns. */
  const front = async (): Promise<readonly ResultParts[]> => {
    const source = rows();
    return partsOf(source, await must(source.resultsAfter(0, pageRows), context), undefined);
  };
  const table = async (options: TableOptions): Promise<ResultTable> => {
    const cursor: Cursor = { sequence: 0, hasMore: false };
    const { afterSequence = 0, limit = Infinity, order, itemIds, only, columns: chosen } = options;
    const pages = itemIds !== undefined ? byIds(itemIds, options) : order === 'input' ? inInputOrder(options) : upToNow(options, cursor);
    const isFront = only === undefined && itemIds === undefined && (order === 'input' || (afterSequence === 0 && limit >= pageRows));
    const { columns, pages: cells } = await openResultTable({
      reader: rows,
      facts: factsNow,
      structure,
      pages,
      front: isFront ? null : front,
      chosen,
      hasResponses: extraOf(options.include) === 'response',
    });
    return {
      columns,
      pages: cells,
      cursor: () => (options.order === 'input' ? { sequence: rows().snapshot.resultSequence, hasMore: false } : cursor),
    };
  };
  async function* inputResults(options: ResultsOptions): AsyncGenerator<ItemResult> {
    for await (const parts of inInputOrder(options)) yield* await typedResults(parts, structure, await factsNow());
  }
  return {
    page,
    textPage: (options) => pageOf(options, textOf),
    pagesFrom,
    table,
    resultOf: async (ref) => {
      try {
        return (await typedResults(await partsOf(rows(), [ref], undefined), structure, await factsNow()))[0] ?? null;
      } catch (error) {
        // What is damaged is said by who looks for damage.
        if (isBatchorError(error)) return null;
        throw error;
      }
    },
    lastSequence: () => rows().snapshot.resultSequence,
    results: (options) => resultStream(() => (options.order === 'input' ? inputResults(options) : inSequence(options))),
    async *inputText(options) {
      for await (const parts of inInputOrder(options)) yield await textOf(parts);
    },
  };
};

const resultStream = (open: () => AsyncGenerator<ItemResult>): ResultStream<unknown, JsonObject> => ({
  [Symbol.asyncIterator]: open,
  async toArray() {
    const all: ItemResult[] = [];
    for await (const result of open()) all.push(result);
    return all;
  },
});
