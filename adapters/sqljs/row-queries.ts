import type { Column, OpenRows, PlanWindow, RowSlice } from '../../lib/core/command.ts';
import { itemStatuses, type ItemStatus } from '../../lib/core/item.ts';
import type { ObjectSpan, StoredRow } from '../../lib/ports/run-store.ts';
import { pending, queued, retryable, submitted } from './item-columns.ts';
import type { SlicePiece } from './pieces.ts';
import type { RunModel } from './run-model.ts';

/** The slices that commands carry, read from the model. All answers are columns of their own. */

/** Walks rows in ascending order with the slice that each lies in. */
const walk = (model: RunModel, indexes: Column, visit: (slice: SlicePiece, offset: number, at: number) => void): void => {
  let slice: SlicePiece | null = null;
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] as number;
    if (slice === null || index < slice.from || index >= slice.from + slice.count) slice = model.slices.at(index);
    visit(slice, index - slice.from, at);
  }
};

const rowSlice = (model: RunModel, indexes: Uint32Array<ArrayBuffer>, isLast: boolean): RowSlice => {
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

export const pendingRows = (model: RunModel, rowsMax: number): RowSlice & { readonly generation: number } => {
  const indexes = model.items.pendingFrom(rowsMax);
  return { ...rowSlice(model, indexes, indexes.length === model.items.totalOf(pending)), generation: model.snapshot.backlog.generation };
};

export const planWindow = (model: RunModel, rowsMax: number): PlanWindow => {
  const { isLast, ...window } = pendingRows(model, rowsMax);
  return { ...window, isExhausted: isLast };
};

export const backoffRows = (model: RunModel, dueAtMs: number, rowsMax: number): RowSlice => {
  const { items } = model;
  const bucket = model.bucketOf(dueAtMs);
  const found: number[] = [];
  let isLast = true;
  for (let index = 0; index < items.count; index += 1) {
    if (items.status[index] !== retryable || items.place[index] !== bucket) continue;
    isLast = found.length < rowsMax;
    if (!isLast) break;
    found.push(index);
  }
  return rowSlice(model, Uint32Array.from(found), isLast);
};

export const openMask = (model: RunModel, batchNo: number, indexes: Column): Uint8Array => {
  const mask = new Uint8Array(indexes.length);
  for (let at = 0; at < indexes.length; at += 1) mask[at] = model.items.isIn(indexes[at] as number, submitted, batchNo) ? 1 : 0;
  return mask;
};

/** Rows of a batch in item order. */
function* rowsOfBatch(model: RunModel, batchNo: number, fromIndex: number): Generator<number> {
  const ranges = model.batches.get(batchNo) ?? [];
  for (let range = 0; range + 1 < ranges.length; range += 2) {
    for (let index = Math.max(fromIndex, ranges[range] as number); index < (ranges[range + 1] as number); index += 1) yield index;
  }
}

export const openRows = (model: RunModel, batchNo: number, fromIndex: number, rowsMax: number): OpenRows => {
  const { items } = model;
  const found: number[] = [];
  let isLast = true;
  for (const index of rowsOfBatch(model, batchNo, fromIndex)) {
    if (!items.isIn(index, submitted, batchNo)) continue;
    isLast = found.length < rowsMax;
    if (!isLast) break;
    found.push(index);
  }
  return {
    ...rowSlice(model, Uint32Array.from(found), isLast),
    charged: Uint16Array.from(found, (index) => items.charged[index] as number),
    uncharged: Uint16Array.from(found, (index) => items.uncharged[index] as number),
  };
};

const lineAt = (object: string, ends: Float64Array, offset: number): ObjectSpan => {
  const start = offset === 0 ? 0 : (ends[offset - 1] as number);
  return { object, offset: start, length: (ends[offset] as number) - start };
};

/** Request lines of the rows that the batch still holds, neighbours joined. */
export const batchLines = (model: RunModel, batchNo: number): readonly ObjectSpan[] => {
  const { items } = model;
  const spans: { object: string; offset: number; length: number }[] = [];
  const indexes = Uint32Array.from(rowsOfBatch(model, batchNo, 0)).filter(
    (index) => items.isIn(index, queued, batchNo) || items.isIn(index, submitted, batchNo),
  );
  walk(model, indexes, (slice, offset) => {
    if (slice.requestObject === null) return;
    const line = lineAt(slice.requestObject, slice.requestEnds(), offset);
    const last = spans[spans.length - 1];
    if (last !== undefined && last.object === line.object && last.offset + last.length === line.offset) last.length += line.length;
    else spans.push({ ...line });
  });
  return spans;
};

export const rowLines = (model: RunModel, index: number): { readonly request: ObjectSpan | null; readonly item: ObjectSpan } | null => {
  if (!(index >= 0 && index < model.items.count)) return null;
  const slice = model.slices.at(index);
  const offset = index - slice.from;
  const request =
    slice.requestObject === null || slice.requestLengths[offset] === 0 ? null : lineAt(slice.requestObject, slice.requestEnds(), offset);
  return { request, item: lineAt(slice.itemObject, slice.itemEnds(), offset) };
};

export const storedRows = (model: RunModel, fromIndex: number, limit: number): readonly StoredRow[] => {
  const { items } = model;
  const rows: StoredRow[] = [];
  for (let index = Math.max(0, fromIndex); index < items.count && rows.length < limit; index += 1) {
    const place = items.place[index] as number;
    const waits = items.status[index] === retryable;
    rows.push({
      index,
      itemId: model.idAt(index),
      status: itemStatuses[items.status[index] as number] as ItemStatus,
      charged: items.charged[index] as number,
      uncharged: items.uncharged[index] as number,
      batchNo: waits ? 0 : place,
      dueAtMs: waits ? (model.dueAtMs[place] as number) : 0,
    });
  }
  return rows;
};
