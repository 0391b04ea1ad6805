import type { AcceptedSlice, Column } from '../core/model/command.ts';
import { codeOfFailure } from '../core/values/failure.ts';
import { countOfIndexSet, type IndexSet } from '../core/values/index-set.ts';
import type { RowChange } from '../core/machine/rows.ts';
import {
  completed,
  failed,
  type ItemColumns,
  pending,
  queued,
  retryable,
  shared,
  submitted,
  type IdIndex,
} from './item-columns.ts';
import {
  ascending,
  keptColumn,
  type ResultSegment,
  type SliceSegment,
  sliceSegment,
  type SegmentList,
} from './segments.ts';
import type { SharedWaiters } from './shared-waiters.ts';

/** The state that a row change reads and updates. */
export interface Rows {
  readonly items: ItemColumns;
  readonly slices: SegmentList<SliceSegment>;
  readonly results: SegmentList<ResultSegment>;
  readonly batches: Map<number, IndexSet>;
  readonly waiters: SharedWaiters;
  ids(): IdIndex;
  builtIds(): IdIndex | null;
  bucketOf(dueAtMs: number): number;
}

type Undo = (() => void)[];
type Of<T extends RowChange['type']> = Extract<RowChange, { readonly type: T }>;

/**
 * Applies a row change. Returns an error text when a row is not in the state that the change
 * expects; the undo log then holds the moves made so far.
 */
export const applyChange = (
  model: Rows,
  change: RowChange,
  areNew: boolean,
  undo: Undo,
): string | null => {
  switch (change.type) {
    case 'insert':
      return insert(model, change, areNew, undo);
    case 'claim':
      return claim(model, change, undo);
    case 'submit':
      return moveBatch(model, change, submitted, change.batchNo);
    case 'release':
      return moveBatch(model, change, pending, 0);
    case 'complete':
      return complete(model, change, undo);
    case 'fail':
      return fail(model, change, undo);
    case 'retry':
      return retry(model, change);
    case 'requeue':
      return moveEach(
        model.items,
        change.indexes,
        retryable,
        null,
        'failed_retryable',
        (items, index) =>
          items.move(
            index,
            pending,
            items.charged[index] as number,
            items.uncharged[index] as number,
            0,
          ),
      );
    case 'fail_pending':
      return failPending(model, change, undo);
    case 'share':
      return share(model, change, undo);
  }
};

/** Moves rows one by one, each only from the expected state. `batchOrBucket` null: any. */
const moveEach = (
  items: ItemColumns,
  indexes: Column,
  from: number,
  batchOrBucket: number | null,
  fromName: string,
  move: (items: ItemColumns, index: number, at: number) => void,
): string | null => {
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] as number;
    if (
      !(index < items.count) ||
      items.status[index] !== from ||
      (batchOrBucket !== null && items.batchOrBucket[index] !== batchOrBucket)
    ) {
      return `row ${index} is not ${fromName}${batchOrBucket === null || batchOrBucket === 0 ? '' : ` in batch ${batchOrBucket}`}`;
    }
    move(items, index, at);
  }
  return null;
};

const pushResults = (model: Rows, segment: ResultSegment, undo: Undo): string | null => {
  if (segment.from !== model.results.next)
    return `the next result sequence is ${model.results.next}, not ${segment.from}`;
  model.results.push(segment);
  undo.push(() => model.results.pop());
  return null;
};
const noLines = {
  outputObject: null,
  errorObject: null,
  parts: null,
  offsets: null,
  lengths: null,
  of: null,
};

const insert = (
  model: Rows,
  { slice, sequenceFrom }: Of<'insert'>,
  areNew: boolean,
  undo: Undo,
): string | null => {
  const { items } = model;
  const count = slice.itemIds.length;
  if (slice.fromIndex !== items.count)
    return `the next row index is ${items.count}, not ${slice.fromIndex}`;
  const { requestLengths, itemLengths, tokens, inputs, sameAs } = slice;
  if (
    [requestLengths, itemLengths, tokens, inputs, sameAs].some(
      (column) => column !== null && column.length !== count,
    )
  )
    return 'the columns of a slice must have one length';
  // Built before the slice is added, since the index must not yet contain its ids.
  const ids = areNew ? model.ids() : model.builtIds();
  undo.push(() => items.truncate(slice.fromIndex));
  items.append(count);
  const { fromIndex: from, requestObject, itemObject } = slice;
  const columns = {
    requestLengths: keptColumn(requestLengths),
    itemLengths: keptColumn(itemLengths),
    tokens: tokens === null ? null : keptColumn(tokens),
    // A column of ones carries no information, so it is kept only where a row has more.
    inputs:
      inputs !== null && Array.from(inputs).some((each) => each > 1) ? keptColumn(inputs) : null,
    sameAs: sameAs === null ? null : keptColumn(sameAs),
  };
  model.slices.push(
    sliceSegment({ from, count, requestObject, itemObject, ...columns }, () => slice.itemIds),
  );
  undo.push(() => model.slices.pop());
  const taken = ids === null ? null : takenId(ids, slice);
  if (taken !== null) return `item id ${JSON.stringify(taken)} is already used`;
  const misled = sameAs === null ? null : shareNew(model, sameAs, from, undo);
  if (misled !== null || slice.badOffsets.length === 0) return misled;
  const indexes = Uint32Array.from(slice.badOffsets, (offset) => from + offset);
  const codes = new Uint8Array(indexes.length).fill(codeOfFailure('invalid_row'));
  return (
    moveEach(items, indexes, pending, null, 'a row of the slice', (columns, index) =>
      columns.move(index, failed, 0, 0, 0),
    ) ??
    pushResults(
      model,
      { from: sequenceFrom, count: indexes.length, indexes, codes, ...noLines },
      undo,
    )
  );
};

/** Marks rows that share another row's request: they wait for it and are not pending. */
const shareNew = (
  { items, waiters }: Rows,
  sameAs: Column,
  from: number,
  undo: Undo,
): string | null => {
  for (let offset = 0; offset < sameAs.length; offset += 1) {
    const [index, sent] = [from + offset, (sameAs[offset] as number) - 1];
    if (sent < 0) continue;
    if (!(sent < index) || items.status[sent] === shared)
      return `row ${index} shares the request of row ${sent}, which is not sent`;
    items.move(index, shared, 0, 0, 0);
    undo.push(waiters.add(sent, index));
  }
  return null;
};

/**
 * The first id that the run or the slice already has; null adds them all. A rejection drops the
 * whole index, so no id is removed here.
 */
const takenId = (ids: IdIndex, slice: AcceptedSlice): string | null =>
  slice.itemIds.find((id, i) => !ids.add(id, slice.fromIndex + i)) ?? null;

const claim = (
  model: Rows,
  { batchNo, indexes, count }: Of<'claim'>,
  undo: Undo,
): string | null => {
  const { items } = model;
  if (model.batches.has(batchNo)) return `batch ${batchNo} has its rows already`;
  if (countOfIndexSet(indexes) !== count)
    return `the batch claims ${count} rows and names ${countOfIndexSet(indexes)}`;
  model.batches.set(batchNo, indexes);
  undo.push(() => model.batches.delete(batchNo));
  for (let range = 0; range + 1 < indexes.length; range += 2) {
    for (let index = indexes[range] as number; index < (indexes[range + 1] as number); index += 1) {
      if (!(index < items.count) || items.status[index] !== pending)
        return `row ${index} is not pending`;
      items.move(
        index,
        queued,
        items.charged[index] as number,
        items.uncharged[index] as number,
        batchNo,
      );
    }
  }
  return null;
};

const moveBatch = (
  model: Rows,
  { batchNo, count }: Of<'submit'> | Of<'release'>,
  to: number,
  batchOrBucket: number,
): string | null => {
  const { items } = model;
  const indexes: IndexSet = model.batches.get(batchNo) ?? [];
  let moved = 0;
  for (let range = 0; range + 1 < indexes.length; range += 2) {
    for (let index = indexes[range] as number; index < (indexes[range + 1] as number); index += 1) {
      if (!items.isIn(index, queued, batchNo)) continue;
      items.move(
        index,
        to,
        items.charged[index] as number,
        items.uncharged[index] as number,
        batchOrBucket,
      );
      moved += 1;
    }
  }
  return moved === count ? null : `batch ${batchNo} holds ${moved} queued rows, not ${count}`;
};

const complete = (
  model: Rows,
  { batchNo, object, lines, sequenceFrom }: Of<'complete'>,
  undo: Undo,
): string | null =>
  moveEach(model.items, lines.indexes, submitted, batchNo, 'submitted', (items, index) =>
    items.move(
      index,
      completed,
      (items.charged[index] as number) + 1,
      items.uncharged[index] as number,
      batchNo,
    ),
  ) ??
  pushResults(
    model,
    {
      from: sequenceFrom,
      count: lines.indexes.length,
      outputObject: object,
      errorObject: null,
      indexes: keptColumn(lines.indexes),
      codes: null,
      parts: null,
      offsets: keptColumn(lines.offsets),
      lengths: keptColumn(lines.lengths),
      of: null,
    },
    undo,
  );

const fail = (
  model: Rows,
  { batchNo, rows, outputObject, errorObject, sequenceFrom }: Of<'fail'>,
  undo: Undo,
): string | null =>
  moveEach(model.items, rows.indexes, submitted, batchNo, 'submitted', (items, index, at) =>
    moveCharged(items, index, failed, rows.charged[at] as number, batchNo),
  ) ??
  pushResults(
    model,
    {
      from: sequenceFrom,
      count: rows.indexes.length,
      outputObject,
      errorObject,
      indexes: keptColumn(rows.indexes),
      codes: keptColumn(rows.codes),
      parts: keptColumn(rows.parts),
      offsets: keptColumn(rows.offsets),
      lengths: keptColumn(rows.lengths),
      of: null,
    },
    undo,
  );

const retry = (model: Rows, { batchNo, rows }: Of<'retry'>): string | null =>
  moveEach(model.items, rows.indexes, submitted, batchNo, 'submitted', (items, index, at) =>
    moveCharged(
      items,
      index,
      retryable,
      rows.charged[at] as number,
      model.bucketOf(rows.dueAtMs[at] as number),
    ),
  );

const moveCharged = (
  items: ItemColumns,
  index: number,
  to: number,
  charged: number,
  batchOrBucket: number,
): void =>
  items.move(
    index,
    to,
    (items.charged[index] as number) + charged,
    (items.uncharged[index] as number) + (1 - charged),
    batchOrBucket,
  );

const failPending = (
  model: Rows,
  { indexes, code, sequenceFrom, batchNo }: Of<'fail_pending'>,
  undo: Undo,
): string | null =>
  moveEach(model.items, indexes, pending, null, 'pending', (items, index) =>
    items.move(
      index,
      failed,
      items.charged[index] as number,
      items.uncharged[index] as number,
      batchNo,
    ),
  ) ??
  pushResults(
    model,
    {
      from: sequenceFrom,
      count: indexes.length,
      indexes: keptColumn(indexes),
      codes: new Uint8Array(indexes.length).fill(code),
      ...noLines,
    },
    undo,
  );

/** Ends each row like the row that was sent for it, whose result is `of`. */
const share = (
  model: Rows,
  { indexes, of, codes, sequenceFrom }: Of<'share'>,
  undo: Undo,
): string | null => {
  const order = ascending(of);
  for (let nth = 0; nth < of.length; nth += 1) {
    const at = order === null ? nth : (order[nth] as number);
    const [index, sequence] = [indexes[at] as number, of[at] as number];
    if (!(index < model.items.count) || !(sequence < model.results.next))
      return `row ${index} or result ${sequence} does not exist`;
    const segment = model.results.at(sequence);
    const offset = sequence - segment.from;
    if (
      segment.indexes[offset] !== model.waiters.sentFor(index) ||
      (segment.codes?.[offset] ?? -1) !== (codes?.[at] ?? -1)
    )
      return `row ${index} does not match result ${sequence}`;
  }
  return (
    moveEach(model.items, indexes, shared, null, 'shared', (items, index) =>
      items.move(index, codes === null ? completed : failed, 0, 0, 0),
    ) ??
    pushResults(
      model,
      {
        ...noLines,
        from: sequenceFrom,
        count: indexes.length,
        indexes: keptColumn(indexes),
        codes: codes === null ? null : keptColumn(codes),
        of: keptColumn(of),
      },
      undo,
    )
  );
};
