import type { Column, OpenRows, PlanWindow, RowSlice } from '../core/model/command.ts';
import { itemStatuses, type ItemStatus } from '../core/model/item.ts';
import type { ObjectSpan, RequestSpan, RowLines, StoredRow } from '../ports/run-store.ts';
import { pending, queued, retryable, submitted } from './item-columns.ts';
import { ascending, sentFor, type SliceSegment } from './segments.ts';
import type { RunModel } from './run-model.ts';

/** The slices that commands carry, read from the model. Every answer owns its columns. */

/** Visits rows in ascending order, each with its slice. */
const walk = (
  model: RunModel,
  indexes: Column,
  visit: (slice: SliceSegment, offset: number, at: number) => void,
): void => {
  let slice: SliceSegment | null = null;
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] as number;
    if (slice === null || index < slice.from || index >= slice.from + slice.count)
      slice = model.slices.at(index);
    visit(slice, index - slice.from, at);
  }
};

const rowSlice = (
  model: RunModel,
  indexes: Uint32Array<ArrayBuffer>,
  isLast: boolean,
): RowSlice => {
  const bytes = new Uint32Array(indexes.length);
  const tokens = new Uint32Array(indexes.length);
  let areCounted = false;
  walk(model, indexes, (slice, offset, at) => {
    bytes[at] = slice.requestLengths[offset] as number;
    if (slice.tokens === null) return;
    tokens[at] = slice.tokens[offset] as number;
    areCounted = true;
  });
  return { indexes, bytes, tokens: areCounted ? tokens : null, isLast };
};

export const pendingRows = (
  model: RunModel,
  rowsMax: number,
): RowSlice & { readonly generation: number } => {
  const indexes = model.items.pendingFrom(rowsMax);
  return {
    ...rowSlice(model, indexes, indexes.length === model.items.totalOf(pending)),
    generation: model.snapshot.backlog.generation,
  };
};

export const planWindow = (model: RunModel, rowsMax: number): PlanWindow => {
  const { isLast, ...window } = pendingRows(model, rowsMax);
  return { ...window, inputs: inputsOf(model, window.indexes), isExhausted: isLast };
};

/** Null when each of the rows has one input. */
const inputsOf = (model: RunModel, indexes: Column): Uint32Array<ArrayBuffer> | null => {
  let inputs: Uint32Array<ArrayBuffer> | null = null;
  walk(model, indexes, (slice, offset, at) => {
    const count = slice.inputs?.[offset] ?? 1;
    if (count === 1) return;
    inputs ??= new Uint32Array(indexes.length).fill(1);
    inputs[at] = count;
  });
  return inputs;
};

export const backoffRows = (model: RunModel, dueAtMs: number, rowsMax: number): RowSlice => {
  const { items } = model;
  const bucket = model.bucketOf(dueAtMs);
  const found: number[] = [];
  let isLast = true;
  for (let index = 0; index < items.count; index += 1) {
    if (items.status[index] !== retryable || items.batchOrBucket[index] !== bucket) continue;
    isLast = found.length < rowsMax;
    if (!isLast) break;
    found.push(index);
  }
  return rowSlice(model, Uint32Array.from(found), isLast);
};

export const openMask = (model: RunModel, batchNo: number, indexes: Column): Uint8Array => {
  const mask = new Uint8Array(indexes.length);
  for (let at = 0; at < indexes.length; at += 1)
    mask[at] = model.items.isIn(indexes[at] as number, submitted, batchNo) ? 1 : 0;
  return mask;
};

/** Rows of a batch with the given status, from an index on, in item order; at most `rowsMax`. */
const rowsOfBatch = (
  model: RunModel,
  batchNo: number,
  status: number,
  fromIndex: number,
  rowsMax: number,
): Uint32Array<ArrayBuffer> => {
  const { items } = model;
  const ranges = model.batches.get(batchNo) ?? [];
  const found = new Uint32Array(Math.min(rowsMax, items.totalOf(status)));
  let taken = 0;
  for (let range = 0; range + 1 < ranges.length; range += 2) {
    const end = ranges[range + 1] as number;
    for (
      let index = Math.max(fromIndex, ranges[range] as number);
      index < end && taken < found.length;
      index += 1
    ) {
      if (items.isIn(index, status, batchNo)) found[taken++] = index;
    }
  }
  return found.slice(0, taken);
};

export const openRows = (
  model: RunModel,
  batchNo: number,
  fromIndex: number,
  rowsMax: number,
): OpenRows => {
  const { charged, uncharged } = model.items;
  // One more than requested shows whether the slice is the last.
  const found = rowsOfBatch(model, batchNo, submitted, fromIndex, rowsMax + 1);
  const indexes = found.slice(0, rowsMax);
  return {
    ...rowSlice(model, indexes, found.length <= rowsMax),
    charged: Uint16Array.from(indexes, (index) => charged[index] as number),
    uncharged: Uint16Array.from(indexes, (index) => uncharged[index] as number),
  };
};

const lineAt = (object: string, ends: Float64Array, offset: number): ObjectSpan => {
  const start = offset === 0 ? 0 : (ends[offset - 1] as number);
  return { object, offset: start, length: (ends[offset] as number) - start };
};

/** Request lines of the rows that the batch still holds; adjacent spans of one kind are joined. */
export const batchLines = (model: RunModel, batchNo: number): readonly RequestSpan[] => {
  const spans: RequestSpan[] = [];
  let object = '';
  let wasCharged = false;
  let start = 0;
  let end = 0;
  const put = (): void => {
    if (end > start) spans.push({ object, offset: start, length: end - start, wasCharged });
  };
  const waiting = rowsOfBatch(model, batchNo, queued, 0, Number.MAX_SAFE_INTEGER);
  walk(
    model,
    waiting.length > 0
      ? waiting
      : rowsOfBatch(model, batchNo, submitted, 0, Number.MAX_SAFE_INTEGER),
    (slice, offset) => {
      if (slice.requestObject === null) return;
      const isAgain = (model.items.charged[slice.from + offset] as number) > 0;
      const ends = slice.requestEnds();
      const from = offset === 0 ? 0 : (ends[offset - 1] as number);
      if (slice.requestObject !== object || from !== end || isAgain !== wasCharged) {
        put();
        wasCharged = isAgain;
        object = slice.requestObject;
        start = from;
      }
      end = ends[offset] as number;
    },
  );
  put();
  return spans;
};

const requestIn = (slice: SliceSegment, offset: number): ObjectSpan | null =>
  slice.requestObject === null || slice.requestLengths[offset] === 0
    ? null
    : lineAt(slice.requestObject, slice.requestEnds(), offset);

export const rowLines = (model: RunModel, index: number): RowLines | null =>
  index >= 0 && index < model.items.count ? (linesOfRows(model, index, 1)[0] ?? null) : null;

export const linesOfRows = (
  model: RunModel,
  fromIndex: number,
  limit: number,
): readonly RowLines[] => {
  const from = Math.max(0, fromIndex);
  const indexes = Uint32Array.from(
    { length: Math.max(0, Math.min(limit, model.items.count - from)) },
    (_, i) => from + i,
  );
  const lines = new Array<RowLines>(indexes.length);
  const sent = new Uint32Array(indexes.length);
  walk(model, indexes, (slice, offset) => {
    const index = slice.from + offset;
    const own = sentFor(slice, offset);
    sent[index - from] = own < 0 ? index : own;
    lines[index - from] = {
      request: null,
      item: lineAt(slice.itemObject, slice.itemEnds(), offset),
      sameAs: own < 0 ? null : own,
    };
  });
  for (const at of ascending(sent)) {
    const index = sent[at] as number;
    const slice = model.slices.at(index);
    lines[at] = { ...(lines[at] as RowLines), request: requestIn(slice, index - slice.from) };
  }
  return lines;
};

export const storedRows = (
  model: RunModel,
  fromIndex: number,
  limit: number,
): readonly StoredRow[] => {
  const { items } = model;
  const rows: StoredRow[] = [];
  for (let index = Math.max(0, fromIndex); index < items.count && rows.length < limit; index += 1) {
    const batchOrBucket = items.batchOrBucket[index] as number;
    const waits = items.status[index] === retryable;
    const slice = model.slices.at(index);
    const sent = sentFor(slice, index - slice.from);
    rows.push({
      index,
      itemId: model.idAt(index),
      status: itemStatuses[items.status[index] as number] as ItemStatus,
      charged: items.charged[index] as number,
      uncharged: items.uncharged[index] as number,
      batchNo: waits ? 0 : batchOrBucket,
      dueAtMs: waits ? (model.dueAtMs[batchOrBucket] as number) : 0,
      sameAs: sent < 0 ? null : sent,
    });
  }
  return rows;
};
