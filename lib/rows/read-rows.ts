import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Column } from '../core/model/command.ts';
import { itemStatuses, type ItemStatus } from '../core/model/item.ts';
import type { Port } from '../ports/port-error.ts';
import type { SpanColumns } from '../ports/row-query.ts';
import type { ObjectSpan, ResultRef, RowLines, RunReader, StoredRow } from '../ports/run-store.ts';

/** What any reader is asked for, as row queries. */

/** As much of a reader as rows are read from. */
export type RowReader = Pick<RunReader, 'rows'>;

/** The line of one row; null: there is none. */
export const spanAt = (
  { objects, objectNos, offsets, lengths }: SpanColumns,
  at: number,
): ObjectSpan | null => {
  const objectNo = objectNos[at] as number;
  return objectNo === 0
    ? null
    : {
        object: objects[objectNo - 1] as string,
        offset: offsets[at] as number,
        length: lengths[at] as number,
      };
};

const listOf = <A>(indexes: Column, each: (at: number) => A): readonly A[] => {
  const list = new Array<A>(indexes.length);
  for (let at = 0; at < list.length; at += 1) list[at] = each(at);
  return list;
};
const otherRow = (sameAs: Column, at: number): number | null =>
  sameAs[at] === 0 ? null : (sameAs[at] as number) - 1;

/** Rows in item order from an index. O(limit). */
export const storedRows = (
  run: RowReader,
  fromIndex: number,
  limit: number,
): Port<readonly StoredRow[]> =>
  pipe(
    run.rows({ select: { fromIndex }, limit, parts: ['ids', 'states', 'sameAs'] }),
    TE.map(({ indexes, ids, states, sameAs }) =>
      listOf(indexes, (at): StoredRow => ({
        index: indexes[at] as number,
        itemId: ids[at] as string,
        status: itemStatuses[states.statuses[at] as number] as ItemStatus,
        charged: states.charged[at] as number,
        uncharged: states.uncharged[at] as number,
        batchNo: states.batchNos[at] as number,
        dueAtMs: states.dueAtMs[at] as number,
        sameAs: otherRow(sameAs, at),
      })),
    ),
  );

/** Where the lines of the rows from an index lie, in item order. O(limit). */
export const linesOfRows = (
  run: RowReader,
  fromIndex: number,
  limit: number,
): Port<readonly RowLines[]> =>
  pipe(
    run.rows({ select: { fromIndex }, limit, parts: ['requests', 'items', 'sameAs'] }),
    TE.map(({ indexes, requests, items, sameAs }) =>
      listOf(indexes, (at): RowLines => ({
        request: spanAt(requests, at),
        item: spanAt(items, at) as ObjectSpan,
        sameAs: otherRow(sameAs, at),
      })),
    ),
  );

const resultParts = ['ids', 'states', 'results', 'answers', 'items', 'sameAs'] as const;
type ResultPage = Parameters<typeof resultRefs>[0];

/** The results of a page that was read with `resultParts`. */
const resultRefs = (page: {
  readonly indexes: Column;
  readonly ids: readonly string[];
  readonly states: { readonly charged: Column; readonly uncharged: Column };
  readonly results: { readonly sequences: Column; readonly codes: Column };
  readonly answers: SpanColumns;
  readonly items: SpanColumns;
  readonly sameAs: Column;
}): readonly ResultRef[] =>
  listOf(page.indexes, (at): ResultRef => ({
    sequence: page.results.sequences[at] as number,
    index: page.indexes[at] as number,
    itemId: page.ids[at] as string,
    status: page.results.codes[at] === -1 ? 'completed' : 'failed_permanent',
    code: page.results.codes[at] as number,
    charged: page.states.charged[at] as number,
    uncharged: page.states.uncharged[at] as number,
    line: spanAt(page.answers, at),
    item: spanAt(page.items, at) as ObjectSpan,
    sameAs: otherRow(page.sameAs, at),
  }));

/** Terminal results in sequence order after a sequence. O(limit). */
export const resultsAfter = (
  run: RowReader,
  afterSequence: number,
  limit: number,
): Port<readonly ResultRef[]> =>
  pipe(
    run.rows({ select: { afterSequence }, limit, parts: resultParts }),
    TE.map((page: ResultPage) => resultRefs(page)),
  );

/** Results in item order. */
export interface ResultsByIndex {
  readonly results: readonly ResultRef[];
  /** Where the next page begins; null at the end. */
  readonly nextIndex: number | null;
}

/** Terminal results in item order from an index; rows that are not terminal are left out. */
export const resultsByIndex = (
  run: RowReader,
  fromIndex: number,
  limit: number,
): Port<ResultsByIndex> =>
  pipe(
    run.rows({
      select: { fromIndex },
      status: ['completed', 'failed_permanent'],
      limit,
      parts: resultParts,
    }),
    TE.map((page): ResultsByIndex => {
      const last = page.indexes[page.indexes.length - 1];
      return {
        results: resultRefs(page),
        nextIndex: page.isLast || last === undefined ? null : last + 1,
      };
    }),
  );
