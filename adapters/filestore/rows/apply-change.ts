import type { AcceptedSlice, Column } from '../../../lib/core/model/command.ts';
import { codeOfFailure } from '../../../lib/core/values/failure.ts';
import { countOfIndexSet, type IndexSet } from '../../../lib/core/values/index-set.ts';
import type { RowChange } from '../../../lib/core/machine/rows.ts';
import { completed, failed, type ItemColumns, pending, queued, retryable, shared, submitted } from './item-columns.ts';
import type { IdIndex } from './id-index.ts';
import { ascending, keptColumn, type ResultPiece, type SlicePiece, slicePiece } from './pieces.ts';
import type { SharedWaiters } from './shared-waiters.ts';
import type { Shelf } from './shelf.ts';

/** What a row change reads and moves. */
export interface Rows {
  readonly items: ItemColumns;
  readonly slices: Shelf<SlicePiece>;
  readonly results: Shelf<ResultPiece>;
  readonly batches: Map<number, IndexSet>;
  readonly waiters: SharedWaiters;
  ids(): IdIndex;
  bucketOf(dueAtMs: number): number;
}

type Undo = (() => void)[];
type Of<T extends RowChange['type']> = Extract<RowChange, { readonly type: T }>;

/** Moves the rows, or says which row is not where the change claims it to be. What was moved until then is in the undo log. */
export const applyChange = (model: Rows, change: RowChange, areNew: boolean, undo: Undo): string | null => {
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
      return moveEach(model.items, change.indexes, retryable, null, 'failed_retryable', (items, index) =>
        items.move(index, pending, items.charged[index] as number, items.uncharged[index] as number, 0),
      );
    case 'fail_pending':
      return failPending(model, change, undo);
    case 'share':
      return share(model, change, undo);
  }
};

/** Moves rows one by one, each only from where it must be. `place` null: anywhere. */
const moveEach = (
  items: ItemColumns,
  indexes: Column,
  from: number,
  place: number | null,
  fromName: string,
  move: (items: ItemColumns, index: number, at: number) => void,
): string | null => {
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] as number;
    if (!(index < items.count) || items.status[index] !== from || (place !== null && items.place[index] !== place)) {
      return `row ${index} is not ${fromName}${place === null || place === 0 ? '' : ` in batch ${place}`}`;
    }
    move(items, index, at);
  }
  return null;
};

const pushResults = (model: Rows, piece: ResultPiece, undo: Undo): string | null => {
  if (piece.from !== model.results.next) return `results go on at sequence ${model.results.next}, not at ${piece.from}`;
  model.results.push(piece);
  undo.push(() => model.results.pop());
  return null;
};
const noLines = { outputObject: null, errorObject: null, parts: null, offsets: null, lengths: null, of: null };

const insert = (model: Rows, { slice, sequenceFrom }: Of<'insert'>, areNew: boolean, undo: Undo): string | null => {
  const { items } = model;
  const count = slice.itemIds.length;
  if (slice.fromIndex !== items.count) return `rows are inserted at ${items.count}, not at ${slice.fromIndex}`;
  const { requestLengths, itemLengths, tokens, inputs, sameAs } = slice;
  if ([requestLengths, itemLengths, tokens, inputs, sameAs].some((column) => column !== null && column.length !== count))
    return 'columns of a slice have one length';
  // Asked for before the slice is there: an index that is built now must not have its ids yet.
  const ids = areNew ? model.ids() : null;
  undo.push(() => items.truncate(slice.fromIndex));
  items.append(count);
  const { fromIndex: from, requestObject, itemObject } = slice;
  const columns = {
    requestLengths: keptColumn(requestLengths),
    itemLengths: keptColumn(itemLengths),
    tokens: tokens === null ? null : keptColumn(tokens),
    // A column of ones says nothing: kept where some row has more.
    inputs: inputs !== null && Array.from(inputs).some((each) => each > 1) ? keptColumn(inputs) : null,
    sameAs: sameAs === null ? null : keptColumn(sameAs),
  };
  model.slices.push(slicePiece({ from, count, requestObject, itemObject, ...columns }, () => slice.itemIds));
  undo.push(() => model.slices.pop());
  const taken = ids === null ? null : takenId(ids, slice);
  if (taken !== null) return `item id ${JSON.stringify(taken)} is taken`;
  const misled = sameAs === null ? null : shareNew(model, sameAs, from, undo);
  if (misled !== null || slice.badOffsets.length === 0) return misled;
  const indexes = Uint32Array.from(slice.badOffsets, (offset) => from + offset);
  const codes = new Uint8Array(indexes.length).fill(codeOfFailure('invalid_row'));
  return (
    moveEach(items, indexes, pending, null, 'a row of the slice', (columns, index) => columns.move(index, failed, 0, 0, 0)) ??
    pushResults(model, { from: sequenceFrom, count: indexes.length, indexes, codes, ...noLines }, undo)
  );
};

/** Rows of the slice that another row is sent for: they wait for it, and are pending for nobody. */
const shareNew = ({ items, waiters }: Rows, sameAs: Column, from: number, undo: Undo): string | null => {
  for (let offset = 0; offset < sameAs.length; offset += 1) {
    const [index, sent] = [from + offset, (sameAs[offset] as number) - 1];
    if (sent < 0) continue;
    if (!(sent < index) || items.status[sent] === shared) return `row ${index} shares the request of row ${sent}, which is not sent`;
    items.move(index, shared, 0, 0, 0);
    undo.push(waiters.add(sent, index));
  }
  return null;
};

/** The first id that the run, or the slice itself, already has; else they are all known from now on. A refusal forgets the index, so nothing is taken back. */
const takenId = (ids: IdIndex, slice: AcceptedSlice): string | null =>
  slice.itemIds.find((id, i) => !ids.add(id, slice.fromIndex + i)) ?? null;

const claim = (model: Rows, { batchNo, indexes, count }: Of<'claim'>, undo: Undo): string | null => {
  const { items } = model;
  if (model.batches.has(batchNo)) return `batch ${batchNo} has its rows already`;
  if (countOfIndexSet(indexes) !== count) return `the batch claims ${count} rows and names ${countOfIndexSet(indexes)}`;
  model.batches.set(batchNo, indexes);
  undo.push(() => model.batches.delete(batchNo));
  for (let range = 0; range + 1 < indexes.length; range += 2) {
    for (let index = indexes[range] as number; index < (indexes[range + 1] as number); index += 1) {
      if (!(index < items.count) || items.status[index] !== pending) return `row ${index} is not pending`;
      items.move(index, queued, items.charged[index] as number, items.uncharged[index] as number, batchNo);
    }
  }
  return null;
};

const moveBatch = (model: Rows, { batchNo, count }: Of<'submit'> | Of<'release'>, to: number, place: number): string | null => {
  const { items } = model;
  const indexes: IndexSet = model.batches.get(batchNo) ?? [];
  let moved = 0;
  for (let range = 0; range + 1 < indexes.length; range += 2) {
    for (let index = indexes[range] as number; index < (indexes[range + 1] as number); index += 1) {
      if (!items.isIn(index, queued, batchNo)) continue;
      items.move(index, to, items.charged[index] as number, items.uncharged[index] as number, place);
      moved += 1;
    }
  }
  return moved === count ? null : `batch ${batchNo} holds ${moved} queued rows, not ${count}`;
};

const complete = (model: Rows, { batchNo, object, lines, sequenceFrom }: Of<'complete'>, undo: Undo): string | null =>
  moveEach(model.items, lines.indexes, submitted, batchNo, 'submitted', (items, index) =>
    items.move(index, completed, (items.charged[index] as number) + 1, items.uncharged[index] as number, batchNo),
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

const fail = (model: Rows, { batchNo, rows, outputObject, errorObject, sequenceFrom }: Of<'fail'>, undo: Undo): string | null =>
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
    moveCharged(items, index, retryable, rows.charged[at] as number, model.bucketOf(rows.dueAtMs[at] as number)),
  );

const moveCharged = (items: ItemColumns, index: number, to: number, charged: number, place: number): void =>
  items.move(index, to, (items.charged[index] as number) + charged, (items.uncharged[index] as number) + (1 - charged), place);

const failPending = (model: Rows, { indexes, code, sequenceFrom, batchNo }: Of<'fail_pending'>, undo: Undo): string | null =>
  moveEach(model.items, indexes, pending, null, 'pending', (items, index) =>
    items.move(index, failed, items.charged[index] as number, items.uncharged[index] as number, batchNo),
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

/** Each row ends as the row does that was sent for it, and that has just this result. */
const share = (model: Rows, { indexes, of, codes, sequenceFrom }: Of<'share'>, undo: Undo): string | null => {
  for (const at of ascending(of)) {
    const [index, sequence] = [indexes[at] as number, of[at] as number];
    if (!(index < model.items.count) || !(sequence < model.results.next)) return `row ${index} or result ${sequence} does not exist`;
    const piece = model.results.at(sequence);
    const offset = sequence - piece.from;
    if (piece.indexes[offset] !== model.waiters.sentFor(index) || (piece.codes?.[offset] ?? -1) !== (codes?.[at] ?? -1))
      return `row ${index} ends otherwise than result ${sequence}`;
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
