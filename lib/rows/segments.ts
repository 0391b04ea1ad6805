import type { Column } from '../core/model/command.ts';
import type { TypedColumn } from '../core/codec/codec.ts';
import { narrowColumn } from '../core/codec/event-record.ts';

/** A slice of accepted rows: the objects and spans of its request and item lines, and its ids. */
export interface SliceSegment extends Segment {
  readonly requestObject: string | null;
  readonly itemObject: string;
  readonly requestLengths: TypedColumn;
  readonly itemLengths: TypedColumn;
  readonly tokens: TypedColumn | null;
  /** Null: each row has one input. */
  readonly inputs: TypedColumn | null;
  /**
   * 1 + the index of the row that is sent for each row; 0: the row is sent itself. Null: all are.
   */
  readonly sameAs: TypedColumn | null;
  /** The end of each line in its object, in bytes; computed on first use. */
  requestEnds(): Float64Array;
  itemEnds(): Float64Array;
  ids(): readonly string[];
}

/**
 * Terminal results in sequence order, with the spans of their lines. A null column: all have the
 * default.
 */
export interface ResultSegment extends Segment {
  readonly outputObject: string | null;
  readonly errorObject: string | null;
  readonly indexes: TypedColumn;
  /** `codeOfFailure` of each; null: all completed. */
  readonly codes: TypedColumn | null;
  /**
   * 0: no line; 1: in the output object; 2: in the error object. Null: all in the output object, or
   * none when there are no offsets.
   */
  readonly parts: TypedColumn | null;
  readonly offsets: TypedColumn | null;
  readonly lengths: TypedColumn | null;
  /**
   * For rows that share a request: the sequence of the result that holds their line. Null: each
   * result has a line of its own.
   */
  readonly of: TypedColumn | null;
}

/** The row that is sent for this one; -1: it is sent itself. */
export const sentFor = (slice: SliceSegment, offset: number): number =>
  slice.sameAs === null ? -1 : (slice.sameAs[offset] as number) - 1;

/**
 * The array indexes of a column in ascending order of its numbers; null: they ascend already.
 * Visiting segments in this order loads each of them once.
 */
export const ascending = (numbers: Column): Uint32Array | null => {
  for (let at = 1; at < numbers.length; at += 1)
    if ((numbers[at - 1] as number) > (numbers[at] as number)) return sortedPlaces(numbers);
  return null;
};

const sortedPlaces = (numbers: Column): Uint32Array => {
  const order = new Uint32Array(numbers.length);
  for (let at = 0; at < order.length; at += 1) order[at] = at;
  return order.sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
};

type SliceData = Omit<SliceSegment, 'requestEnds' | 'itemEnds' | 'ids'>;

export const sliceSegment = (data: SliceData, loadIds: () => readonly string[]): SliceSegment => {
  let requestEnds: Float64Array | null = null;
  let itemEnds: Float64Array | null = null;
  let ids: readonly string[] | null = null;
  return {
    ...data,
    requestEnds: () => (requestEnds ??= endsOf(data.requestLengths)),
    itemEnds: () => (itemEnds ??= endsOf(data.itemLengths)),
    ids: () => (ids ??= loadIds()),
  };
};

const endsOf = (lengths: Column): Float64Array => {
  const ends = new Float64Array(lengths.length);
  let end = 0;
  for (let i = 0; i < lengths.length; i += 1) {
    end += lengths[i] as number;
    ends[i] = end;
  }
  return ends;
};

const kinds = [Uint8Array, Uint16Array, Uint32Array, Float64Array] as const;

/** The column as a typed array, which may be kept. */
export const keptColumn = (column: Column): TypedColumn =>
  kinds.some((kind) => column instanceof kind) ? (column as TypedColumn) : narrowColumn(column);

/** A column as a blob: little-endian numbers, each `blob length / count` bytes wide. */
export const blobOf = (column: TypedColumn | null): Uint8Array | null =>
  column === null ? null : new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

export const columnOf = (blob: Uint8Array | null, count: number): TypedColumn | null => {
  if (blob === null) return null;
  const width = count === 0 ? 1 : blob.length / count;
  const kind = kinds.find((candidate) => candidate.BYTES_PER_ELEMENT === width);
  if (kind === undefined)
    throw new RangeError(`a column of ${count} numbers cannot have ${blob.length} bytes`);
  return new kind(blob.slice().buffer);
};

/** A segment that covers `count` consecutive numbers. */
interface Segment {
  readonly from: number;
  readonly count: number;
}

const cachedSegmentsMax = 32;

/**
 * The segments of a numbering without gaps, found by any number in them. New ones stay in memory
 * until the database has them; after that only the last few read are cached.
 */
export class SegmentList<P extends Segment> {
  readonly #starts: number[] = [];
  readonly #fresh = new Map<number, P>();
  readonly #cached = new Map<number, P>();
  readonly #load: (from: number) => P;
  /** The first number of the next segment. */
  next: number;

  constructor(first: number, load: (from: number) => P) {
    this.next = first;
    this.#load = load;
  }

  push(segment: P): void {
    this.#starts.push(segment.from);
    this.#fresh.set(segment.from, segment);
    this.next = segment.from + segment.count;
  }

  /** Removes the last segment. */
  pop(): void {
    const from = this.#starts.pop();
    if (from === undefined) return;
    this.#fresh.delete(from);
    this.next = from;
  }

  /** Adds a segment that the database already has. */
  addStored(from: number, count: number): void {
    this.#starts.push(from);
    this.next = from + count;
  }

  fresh(): Iterable<P> {
    return this.#fresh.values();
  }

  /** Marks every segment as stored in the database. */
  markStored(): void {
    for (const segment of this.#fresh.values()) this.#remember(segment);
    this.#fresh.clear();
  }

  /** The segment that contains the number, which must be below `next`. O(log segments). */
  at(number: number): P {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= number) low = middle;
      else high = middle - 1;
    }
    const from = this.#starts[low] as number;
    return this.#fresh.get(from) ?? this.#cached.get(from) ?? this.#remember(this.#load(from));
  }

  #remember(segment: P): P {
    this.#cached.set(segment.from, segment);
    if (this.#cached.size > cachedSegmentsMax) {
      const oldest = this.#cached.keys().next().value;
      if (oldest !== undefined) this.#cached.delete(oldest);
    }
    return segment;
  }
}

/** The sequences of results by row, four bytes a row once they are asked for. */
export class SequenceIndex {
  #sequenceOf = new Uint32Array(0);
  #next = 1;

  /** Reads the results that are not in it yet. */
  upTo(rows: number, results: SegmentList<ResultSegment>): ArrayLike<number> {
    if (this.#sequenceOf.length < rows) {
      const larger = new Uint32Array(Math.max(rows, Math.ceil(this.#sequenceOf.length * 1.5)));
      larger.set(this.#sequenceOf);
      this.#sequenceOf = larger;
    }
    while (this.#next < results.next) {
      const segment = results.at(this.#next);
      for (let i = 0; i < segment.count; i += 1)
        this.#sequenceOf[segment.indexes[i] as number] = segment.from + i;
      this.#next = segment.from + segment.count;
    }
    return this.#sequenceOf;
  }
}
