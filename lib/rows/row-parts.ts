import type { Column } from '../core/model/command.ts';
import type { RowPart, RowParts, SpanColumns, RowPage, RowQuery } from '../ports/row-query.ts';
import { retryable, shared } from './item-columns.ts';
import type { RunModel } from './run-model.ts';
import { ascending, type ResultSegment, sentFor, type SliceSegment } from './segments.ts';
import { type SelectedRows, selectRows } from './select-rows.ts';

/** How each part of a page is read from the model. Every answer owns its columns. */
export const readPart: {
  readonly [P in RowPart]: (model: RunModel, rows: SelectedRows) => RowParts[P];
} = {
  ids(model, rows) {
    const ids = new Array<string>(rows.indexes.length);
    visitRows(model, rows, (slice, offset, at) => {
      ids[at] = slice.ids()[offset] as string;
    });
    return ids;
  },
  states({ items, dueAtMs }, { indexes }) {
    const { length } = indexes;
    const states = {
      statuses: new Uint8Array(length),
      charged: new Uint16Array(length),
      uncharged: new Uint16Array(length),
      batchNos: new Uint32Array(length),
      dueAtMs: new Float64Array(length),
    };
    // Loops: `from` with a function takes ten times as long.
    for (let at = 0; at < length; at += 1) {
      const index = indexes[at] as number;
      const [status, held] = [items.status[index] as number, items.batchOrBucket[index] as number];
      states.statuses[at] = status;
      states.charged[at] = items.charged[index] as number;
      states.uncharged[at] = items.uncharged[index] as number;
      if (status === retryable) states.dueAtMs[at] = dueAtMs[held] as number;
      else states.batchNos[at] = held;
    }
    return states;
  },
  sizes(model, rows) {
    const { indexes } = rows;
    const bytes = new Uint32Array(indexes.length);
    let tokens: Uint32Array | null = null;
    let inputs: Uint32Array | null = null;
    visitRows(model, rows, (slice, offset, at) => {
      bytes[at] = slice.requestLengths[offset] as number;
      if (slice.tokens !== null)
        (tokens ??= new Uint32Array(indexes.length))[at] = slice.tokens[offset] as number;
      const count = slice.inputs?.[offset] ?? 1;
      if (count !== 1) (inputs ??= new Uint32Array(indexes.length).fill(1))[at] = count;
    });
    return { bytes, tokens, inputs };
  },
  sameAs(model, rows) {
    const { indexes } = rows;
    const { items, waiters } = model;
    // Of rows that still wait it is in memory, whatever slices they are in.
    const isWaiting = (index: number): boolean => items.status[index] === shared;
    const sameAs = new Uint32Array(indexes.length);
    if (indexes.every(isWaiting)) {
      indexes.forEach((index, at) => (sameAs[at] = waiters.sentFor(index) + 1));
      return sameAs;
    }
    visitRows(model, rows, (slice, offset, at) => {
      sameAs[at] = sentFor(slice, offset) + 1;
    });
    return sameAs;
  },
  requests(model, rows) {
    const spans = spanColumns(rows.indexes.length);
    const put: VisitRow = (slice, offset, at) => {
      if (slice.requestObject !== null && slice.requestLengths[offset] !== 0)
        spans.putLine(at, slice.requestObject, slice.requestEnds(), offset);
    };
    /** The rows that are sent, where some are sent for others. */
    let sent: Uint32Array | null = null;
    visitRows(model, rows, (slice, offset, at) => {
      const other = slice.sameAs === null ? -1 : sentFor(slice, offset);
      if (other < 0) put(slice, offset, at);
      else (sent ??= rows.indexes.slice())[at] = other;
    });
    if (sent !== null) visitInOrder(model, sent, ascending(sent), put);
    return spans.columns;
  },
  items(model, rows) {
    const spans = spanColumns(rows.indexes.length);
    visitRows(model, rows, (slice, offset, at) =>
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
  const found = new Float64Array(indexes.length);
  for (let at = 0; at < found.length; at += 1)
    found[at] = sequenceOf[indexes[at] as number] as number;
  return found;
};

type VisitRow = (slice: SliceSegment, offset: number, at: number) => void;

/** Visits rows with their slices in item order, so that each slice is loaded once. */
const visitRows = (model: RunModel, rows: SelectedRows, visit: VisitRow): void =>
  visitInOrder(model, rows.indexes, (rows.order ??= ascending(rows.indexes)), visit);

const visitInOrder = (
  model: RunModel,
  indexes: Column,
  order: Uint32Array | null,
  visit: VisitRow,
): void => {
  let slice: SliceSegment | null = null;
  for (let nth = 0; nth < indexes.length; nth += 1) {
    const at = order === null ? nth : (order[nth] as number);
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
  const order = ascending(sequences);
  for (let nth = 0; nth < sequences.length; nth += 1) {
    const at = order === null ? nth : (order[nth] as number);
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

/**
 * Answers a row query from the model. O(rows it reads): a query by status reads each row from the
 * first that it may find, a query by batch the batch's rows.
 */
export const rowPage = <P extends RowPart>(model: RunModel, query: RowQuery<P>): RowPage<P> => {
  const rows = selectRows(model, query);
  const page: Record<string, unknown> = { indexes: rows.indexes, isLast: rows.isLast };
  for (const part of query.parts) page[part] = readPart[part](model, rows);
  return page as unknown as RowPage<P>;
};
