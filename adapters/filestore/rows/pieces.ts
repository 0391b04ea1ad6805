import type { Column } from '../../../lib/core/model/command.ts';
import type { TypedColumn } from '../../../lib/core/codec/codec.ts';
import { narrowColumn } from '../../../lib/core/codec/event-record.ts';
import type { Piece } from './shelf.ts';

/** What a slice of accepted rows left behind: where its request and item lines lie, and its ids. */
export interface SlicePiece extends Piece {
  readonly requestObject: string | null;
  readonly itemObject: string;
  readonly requestLengths: TypedColumn;
  readonly itemLengths: TypedColumn;
  readonly tokens: TypedColumn | null;
  /** Null: each row has one. */
  readonly inputs: TypedColumn | null;
  /** 1 + the index of the row that is sent for each, 0 where it is sent itself. Null: all are. */
  readonly sameAs: TypedColumn | null;
  /** Where each line ends in its object; summed up on first use. */
  requestEnds(): Float64Array;
  itemEnds(): Float64Array;
  ids(): readonly string[];
}

/** Terminal results in sequence order, where their lines lie. A null column: nothing of the kind. */
export interface ResultPiece extends Piece {
  readonly outputObject: string | null;
  readonly errorObject: string | null;
  readonly indexes: TypedColumn;
  /** `codeOfFailure` of each; null: all completed. */
  readonly codes: TypedColumn | null;
  /** 0: no line; 1: in the output object; 2: in the error object. Null: all in the output object, or none if there are no offsets. */
  readonly parts: TypedColumn | null;
  readonly offsets: TypedColumn | null;
  readonly lengths: TypedColumn | null;
  /** The results that rows share, by their sequences: lines lie where theirs do. Null: these are results of their own. */
  readonly of: TypedColumn | null;
}

/** The row that is sent for this one; -1: it is sent itself. */
export const sentFor = (slice: SlicePiece, offset: number): number => (slice.sameAs === null ? -1 : (slice.sameAs[offset] as number) - 1);

/** The places of a column by its numbers: pieces that are visited in this order are loaded once each, however many do not stay in memory. */
export const ascending = (numbers: Column): Uint32Array => {
  const places = Uint32Array.from(numbers, (_, place) => place);
  for (let place = 1; place < numbers.length; place += 1)
    if ((numbers[place - 1] as number) > (numbers[place] as number))
      return places.sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
  return places;
};

type SliceData = Omit<SlicePiece, 'requestEnds' | 'itemEnds' | 'ids'>;

export const slicePiece = (data: SliceData, loadIds: () => readonly string[]): SlicePiece => {
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

/** A column as one that may be kept: those that were read from a record are. */
export const keptColumn = (column: Column): TypedColumn =>
  kinds.some((kind) => column instanceof kind) ? (column as TypedColumn) : narrowColumn(column);

/** A column as a blob: its numbers little-endian, as wide as `blob length / count`. */
export const blobOf = (column: TypedColumn | null): Uint8Array | null =>
  column === null ? null : new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

export const columnOf = (blob: Uint8Array | null, count: number): TypedColumn | null => {
  if (blob === null) return null;
  const width = count === 0 ? 1 : blob.length / count;
  const kind = kinds.find((candidate) => candidate.BYTES_PER_ELEMENT === width);
  if (kind === undefined) throw new RangeError(`a column of ${count} numbers in ${blob.length} bytes`);
  return new kind(blob.slice().buffer);
};
