import { itemStatuses } from '../../../lib/core/internal.ts';
import type { RowPage, SpanColumns } from '../../../lib/ports/row-query.ts';
import type { ObjectSpan, ResultRef, RowLines, StoredRow } from '../../../lib/ports/run-store.ts';

/** Rows as the columns that a store answers with: what `read-rows` makes rows of. */

const spanColumns = (spans: readonly (ObjectSpan | null)[]): SpanColumns => {
  const objects = [...new Set(spans.flatMap((span) => (span === null ? [] : [span.object])))];
  return {
    objects,
    objectNos: spans.map((span) => (span === null ? 0 : objects.indexOf(span.object) + 1)),
    offsets: spans.map((span) => span?.offset ?? 0),
    lengths: spans.map((span) => span?.length ?? 0),
  };
};
const sameAsOf = (rows: readonly { readonly sameAs: number | null }[]): readonly number[] =>
  rows.map(({ sameAs }) => (sameAs ?? -1) + 1);

export const pageOfRows = (rows: readonly StoredRow[]): RowPage<'ids' | 'states' | 'sameAs'> => ({
  indexes: rows.map(({ index }) => index),
  isLast: false,
  ids: rows.map(({ itemId }) => itemId),
  states: {
    statuses: rows.map(({ status }) => itemStatuses.indexOf(status)),
    charged: rows.map(({ charged }) => charged),
    uncharged: rows.map(({ uncharged }) => uncharged),
    batchNos: rows.map(({ batchNo }) => batchNo),
    dueAtMs: rows.map(({ dueAtMs }) => dueAtMs),
  },
  sameAs: sameAsOf(rows),
});

export const pageOfLines = (
  fromIndex: number,
  lines: readonly RowLines[],
): RowPage<'requests' | 'items' | 'sameAs'> => ({
  indexes: lines.map((_, i) => fromIndex + i),
  isLast: false,
  requests: spanColumns(lines.map(({ request }) => request)),
  items: spanColumns(lines.map(({ item }) => item)),
  sameAs: sameAsOf(lines),
});

export const pageOfResults = (
  refs: readonly ResultRef[],
): RowPage<'ids' | 'states' | 'results' | 'answers' | 'items' | 'sameAs'> => ({
  indexes: refs.map(({ index }) => index),
  isLast: false,
  ids: refs.map(({ itemId }) => itemId),
  states: {
    statuses: refs.map(({ status }) => itemStatuses.indexOf(status)),
    charged: refs.map(({ charged }) => charged),
    uncharged: refs.map(({ uncharged }) => uncharged),
    batchNos: refs.map(() => 0),
    dueAtMs: refs.map(() => 0),
  },
  results: {
    sequences: refs.map(({ sequence }) => sequence),
    codes: refs.map(({ code }) => code),
  },
  answers: spanColumns(refs.map(({ line }) => line)),
  items: spanColumns(refs.map(({ item }) => item)),
  sameAs: sameAsOf(refs),
});
