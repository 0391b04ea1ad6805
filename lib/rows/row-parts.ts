import type { Column } from '../core/model/command.ts';
import type { RowPart, RowParts, SpanColumns } from '../ports/row-query.ts';
import { retryable, shared } from './item-columns.ts';
import type { RunModel } from './run-model.ts';
import { ascending, type ResultSegment, sentFor, type SliceSegment } from './segments.ts';
import type { SelectedRows } from './select-rows.ts';

/** How each part of a page is read from the model. Every answer owns its columns. */
export const readPart: {
  readonly [P in RowPart]: (model: RunModel, rows: SelectedRows) => RowParts[P];
} = {
  ids(model, { indexes }) {
    const ids = new Array<string>(indexes.length);
    visitRows(model, indexes, (slice, offset, at) => {
      ids[at] = slice.ids()[offset] as string;
    });
    return ids;
  },
  states({ items, dueAtMs }, { indexes }) {
    const waits = (index: number): boolean => items.status[index] === retryable;
    const held = (index: number): number => items.batchOrBucket[index] as number;
    return {
      statuses: Uint8Array.from(indexes, (index) => items.status[index] as number),
      charged: Uint16Array.from(indexes, (index) => items.charged[index] as number),
      uncharged: Uint16Array.from(indexes, (index) => items.uncharged[index] as number),
      batchNos: Uint32Array.from(indexes, (index) => (waits(index) ? 0 : held(index))),
      dueAtMs: Float64Array.from(indexes, (index) =>
        waits(index) ? (dueAtMs[held(index)] as number) : 0,
      ),
    };
  },
  sizes(model, { indexes }) {
    const bytes = new Uint32Array(indexes.length);
    let tokens: Uint32Array | null = null;
    let inputs: Uint32Array | null = null;
    visitRows(model, indexes, (slice, offset, at) => {
      bytes[at] = slice.requestLengths[offset] as number;
      if (slice.tokens !== null)
        (tokens ??= new Uint32Array(indexes.length))[at] = slice.tokens[offset] as number;
      const count = slice.inputs?.[offset] ?? 1;
      if (count !== 1) (inputs ??= new Uint32Array(indexes.length).fill(1))[at] = count;
    });
    return { bytes, tokens, inputs };
  },
  sameAs(model, { indexes }) {
    const { items, waiters } = model;
    // Of rows that still wait it is in memory, whatever slices they are in.
    const isWaiting = (index: number): boolean => items.status[index] === shared;
    const sameAs = Uint32Array.from(indexes, (index) => waiters.sentFor(index) + 1);
    if (indexes.every(isWaiting)) return sameAs;
    visitRows(model, indexes, (slice, offset, at) => {
      sameAs[at] = sentFor(slice, offset) + 1;
    });
    return sameAs;
  },
  requests(model, { indexes }) {
    const sent = Uint32Array.from(indexes);
    visitRows(model, indexes, (slice, offset, at) => {
      if (slice.sameAs === null) return;
      const other = sentFor(slice, offset);
      if (other >= 0) sent[at] = other;
    });
    const spans = spanColumns(indexes.length);
    visitRows(model, sent, (slice, offset, at) => {
      if (slice.requestObject !== null && slice.requestLengths[offset] !== 0)
        spans.putLine(at, slice.requestObject, slice.requestEnds(), offset);
    });
    return spans.columns;
  },
  items(model, { indexes }) {
    const spans = spanColumns(indexes.length);
    visitRows(model, indexes, (slice, offset, at) =>
      spans.putLine(at, slice.itemObject, slice.itemEnds(), offset),
    );
    return spans.columns;
  },
  results(model, rows) {
    const sequences = sequencesOf(model, rows);
    const codes = new Int16Array(sequences.length).fill(-1);
    visitResults(model, sequences, (segment, offset, at) => {
      if (segment.codes !== null) codes[at] = segment.codes[offset] as number;
    });
    return { sequences, codes };
  },
  answers(model, rows) {
    const sequences = sequencesOf(model, rows);
    const spans = spanColumns(sequences.length);
    const put = (segment: ResultSegment, offset: number, at: number): void => {
      if (segment.offsets === null || segment.lengths === null) return;
      const part = segment.parts === null ? 1 : segment.parts[offset];
      const object = part === 1 ? segment.outputObject : part === 2 ? segment.errorObject : null;
      const [start, length] = [segment.offsets[offset], segment.lengths[offset]];
      spans.put(at, object, start as number, length as number);
    };
    /** The results that hold the lines of rows that share a request; 0: the row has its own. */
    let others: Float64Array | null = null;
    visitResults(model, sequences, (segment, offset, at) => {
      if (segment.of === null) return put(segment, offset, at);
      (others ??= new Float64Array(sequences.length))[at] = segment.of[offset] as number;
    });
    if (others !== null) visitResults(model, others, put);
    return spans.columns;
  },
};

const sequencesOf = (model: RunModel, { indexes, sequences }: SelectedRows): Float64Array => {
  if (sequences !== null) return sequences;
  const sequenceOf = model.sequenceOf();
  return Float64Array.from(indexes, (index) => sequenceOf[index] as number);
};

/** Visits rows with their slices in item order, so that each slice is loaded once. */
const visitRows = (
  model: RunModel,
  indexes: Column,
  visit: (slice: SliceSegment, offset: number, at: number) => void,
): void => {
  let slice: SliceSegment | null = null;
  for (const at of ascending(indexes)) {
    const index = indexes[at] as number;
    if (slice === null || index < slice.from || index >= slice.from + slice.count)
      slice = model.slices.at(index);
    visit(slice, index - slice.from, at);
  }
};

/** Visits results in the order of their sequences; a sequence of 0 is no result. */
const visitResults = (
  model: RunModel,
  sequences: Column,
  visit: (segment: ResultSegment, offset: number, at: number) => void,
): void => {
  let segment: ResultSegment | null = null;
  for (const at of ascending(sequences)) {
    const sequence = sequences[at] as number;
    if (sequence === 0) continue;
    if (segment === null || sequence < segment.from || sequence >= segment.from + segment.count)
      segment = model.results.at(sequence);
    visit(segment, sequence - segment.from, at);
  }
};

/** Collects spans, and numbers the objects in the order of their first use. */
interface SpanWriter {
  readonly columns: SpanColumns;
  put(at: number, object: string | null, offset: number, length: number): void;
  /** The line that ends at this place of its object's line ends. */
  putLine(at: number, object: string, ends: Float64Array, line: number): void;
}

const spanColumns = (count: number): SpanWriter => {
  const objects: string[] = [];
  const objectNos = new Uint32Array(count);
  const offsets = new Float64Array(count);
  const lengths = new Uint32Array(count);
  const numbers = new Map<string, number>();
  let [last, lastNo] = ['', 0];
  const numberOf = (object: string): number => {
    if (object === last && lastNo > 0) return lastNo;
    lastNo = numbers.get(object) ?? objects.push(object);
    numbers.set(object, lastNo);
    last = object;
    return lastNo;
  };
  const put: SpanWriter['put'] = (at, object, offset, length) => {
    if (object === null) return;
    objectNos[at] = numberOf(object);
    offsets[at] = offset;
    lengths[at] = length;
  };
  return {
    columns: { objects, objectNos, offsets, lengths },
    put,
    putLine(at, object, ends, line) {
      const start = line === 0 ? 0 : (ends[line - 1] as number);
      put(at, object, start, (ends[line] as number) - start);
    },
  };
};
