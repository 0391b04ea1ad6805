import type { Column } from '../core/model/command.ts';
import { itemStatuses } from '../core/model/item.ts';
import type { RowQuery, RowSelection } from '../ports/row-query.ts';
import { pending, retryable, shared, statusCode } from './item-columns.ts';
import type { RunModel } from './run-model.ts';

/** The rows that answer a query. */
export interface SelectedRows {
  readonly indexes: Uint32Array<ArrayBuffer>;
  /** The sequence of each row's result, where the selection is by results; else null. */
  readonly sequences: Float64Array | null;
  readonly isLast: boolean;
  /** The places of the rows in item order, once a part has asked; null: they are in item order. */
  order?: Uint32Array | null;
}

type InOrder = Extract<RowSelection, { readonly fromIndex: number }>;
type Matches = (index: number) => boolean;

export const selectRows = (model: RunModel, query: RowQuery): SelectedRows => {
  const { select } = query;
  if ('fromIndex' in select) return inOrder(model, select, query);
  if ('afterSequence' in select) return byResults(model, select.afterSequence, query);
  if ('waitingFor' in select) return waiting(model, select.waitingFor, query);
  return 'indexes' in select
    ? among(model, select.indexes, query)
    : among(model, rowsOfIds(model, select.itemIds), query);
};

/** The conditions of the query but for its selection; null: every row fulfils them. */
const conditionOf = (model: RunModel, { status, batchNo, dueAtMs }: RowQuery): Matches | null => {
  if (status === undefined && batchNo === undefined && dueAtMs === undefined) return null;
  const { items } = model;
  const isWanted = new Uint8Array(itemStatuses.length).fill(status === undefined ? 1 : 0);
  for (const each of status ?? []) isWanted[statusCode(each)] = 1;
  const bucket = dueAtMs === undefined ? null : model.knownBucket(dueAtMs);
  // Of a row that waits for its time the column holds the bucket of that time, of others the batch.
  if (bucket !== null && isWanted[retryable] === 0) return () => false;
  if (bucket !== null) return (index) => items.isIn(index, retryable, bucket);
  if (batchNo === undefined) return (index) => isWanted[items.status[index] as number] === 1;
  isWanted[retryable] = 0;
  return (index) =>
    isWanted[items.status[index] as number] === 1 && items.batchOrBucket[index] === batchNo;
};

/** At most so many rows can be in one of the statuses. */
const countOf = ({ items }: RunModel, { status }: RowQuery): number =>
  status === undefined
    ? items.count
    : status.reduce((sum, each) => sum + items.totalOf(statusCode(each)), 0);

/** One row more than the limit shows whether the page is the last. */
const capacityOf = (model: RunModel, query: RowQuery): number =>
  Math.max(0, Math.min(query.limit + 1, countOf(model, query)));

const cut = (found: Uint32Array<ArrayBuffer>, taken: number, limit: number): SelectedRows => ({
  indexes: found.slice(0, Math.max(0, Math.min(taken, limit))),
  sequences: null,
  isLast: taken <= limit,
});

const inOrder = (model: RunModel, select: InOrder, query: RowQuery): SelectedRows => {
  const { items } = model;
  const from = Math.max(0, select.fromIndex);
  const to = Math.min(select.toIndex ?? items.count, items.count);
  const matches = conditionOf(model, query);
  if (matches === null) {
    const count = Math.max(0, Math.min(query.limit, to - from));
    const indexes = new Uint32Array(count);
    for (let at = 0; at < count; at += 1) indexes[at] = from + at;
    return { indexes, sequences: null, isLast: from + count >= to };
  }
  const found = new Uint32Array(capacityOf(model, query));
  let taken = 0;
  for (const [start, end] of stretches(model, query)) {
    for (let index = Math.max(from, start); index < Math.min(to, end); index += 1) {
      if (taken === found.length) return cut(found, taken, query.limit);
      if (matches(index)) found[taken++] = index;
    }
  }
  return cut(found, taken, query.limit);
};

/** Where rows of the query can lie: `[from, to)` each, in item order. */
const stretches = (
  model: RunModel,
  { status, batchNo }: RowQuery,
): readonly (readonly [number, number])[] => {
  const { items } = model;
  if (batchNo !== undefined && batchNo > 0) {
    const ranges = model.records.from(batchNo, 1)[0]?.indexes ?? [];
    const pairs: (readonly [number, number])[] = [];
    for (let at = 0; at + 1 < ranges.length; at += 2)
      pairs.push([ranges[at] as number, ranges[at + 1] as number]);
    return pairs;
  }
  const arePending = status?.length === 1 && statusCode(status[0] ?? 'shared') === pending;
  return [[arePending ? items.skipToPending() : 0, items.count]];
};

const among = (model: RunModel, indexes: Column, query: RowQuery): SelectedRows => {
  const matches = conditionOf(model, query);
  const found = new Uint32Array(Math.max(0, Math.min(query.limit + 1, indexes.length)));
  let taken = 0;
  for (let at = 0; at < indexes.length && taken < found.length; at += 1) {
    const index = indexes[at] as number;
    if (index >= 0 && index < model.items.count && (matches === null || matches(index)))
      found[taken++] = index;
  }
  return cut(found, taken, query.limit);
};

const rowsOfIds = (model: RunModel, itemIds: readonly string[]): Column => {
  const known = model.ids();
  const found: number[] = [];
  for (const id of itemIds) {
    const index = known.find(id);
    if (index >= 0) found.push(index);
  }
  return found;
};

const waiting = (model: RunModel, sent: Column, query: RowQuery): SelectedRows => {
  const matches = conditionOf(model, query);
  const isWaiting: Matches = (index) => model.items.status[index] === shared;
  const found: number[] = [];
  for (let at = 0; at < sent.length && found.length <= query.limit; at += 1) {
    const rowsLeft = query.limit + 1 - found.length;
    for (const index of model.waiters.waitingFor(sent[at] as number, isWaiting, rowsLeft))
      if (matches === null || matches(index)) found.push(index);
  }
  return cut(Uint32Array.from(found), found.length, query.limit);
};

const byResults = (model: RunModel, afterSequence: number, query: RowQuery): SelectedRows => {
  const matches = conditionOf(model, query);
  const last = model.results.next - 1;
  const most = Math.max(0, Math.min(query.limit, last));
  const indexes = new Uint32Array(most);
  const sequences = new Float64Array(most);
  let taken = 0;
  let sequence = Math.max(0, afterSequence) + 1;
  while (sequence <= last && taken < most) {
    const segment = model.results.at(sequence);
    const end = segment.from + segment.count;
    for (; sequence < end && taken < most; sequence += 1) {
      const index = segment.indexes[sequence - segment.from] as number;
      if (matches !== null && !matches(index)) continue;
      indexes[taken] = index;
      sequences[taken++] = sequence;
    }
  }
  return taken === most
    ? { indexes, sequences, isLast: sequence > last }
    : {
        indexes: indexes.slice(0, taken),
        sequences: sequences.slice(0, taken),
        isLast: sequence > last,
      };
};
