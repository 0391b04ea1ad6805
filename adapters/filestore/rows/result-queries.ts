import { completed, failed } from './item-columns.ts';
import { ascending, type ResultPiece, type SlicePiece } from './pieces.ts';
import { packTexts } from './packed-texts.ts';
import { type ResultColumns, resultColumns } from './result-columns.ts';
import type { RunModel } from './run-model.ts';
import type { Piece } from './shelf.ts';

const holds = (piece: Piece | null, number: number): boolean => piece !== null && number >= piece.from && number < piece.from + piece.count;

/** Results of these sequences, in the order given. Each piece is visited once for what it says of them, however they are scattered. */
const collect = (model: RunModel, sequences: Float64Array): ResultColumns => {
  const objects: string[] = [];
  const out = resultColumns(sequences, objects);
  const numberOf = numbering(objects);
  const shared = placeResults(model, sequences, out, numberOf);
  const ids = placeRows(model, out, numberOf);
  placeSharedLines(model, shared, out, numberOf);
  return { ...out, ids: packTexts(ids) };
};

/** A page without its ids: they are texts. */
type Places = Omit<ResultColumns, 'ids'>;
type NumberOf = (name: string | null) => number;
/** A result that has its line where another has it. */
interface SharedLine {
  readonly at: number;
  readonly sequence: number;
}

const placeResults = (model: RunModel, sequences: Float64Array, out: Places, numberOf: NumberOf): readonly SharedLine[] => {
  const { charged, uncharged } = model.items;
  const shared: SharedLine[] = [];
  let piece: ResultPiece | null = null;
  let partObjects: readonly number[] = [];
  for (const at of ascending(sequences)) {
    const sequence = sequences[at] as number;
    if (piece === null || !holds(piece, sequence)) {
      piece = model.results.at(sequence);
      partObjects = [0, numberOf(piece.outputObject), numberOf(piece.errorObject)];
    }
    const offset = sequence - piece.from;
    const index = piece.indexes[offset] as number;
    out.indexes[at] = index;
    out.codes[at] = piece.codes === null ? -1 : (piece.codes[offset] as number);
    out.charged[at] = charged[index] as number;
    out.uncharged[at] = uncharged[index] as number;
    if (piece.of === null) placeLine(piece, offset, partObjects, out, at);
    else shared.push({ at, sequence: piece.of[offset] as number });
  }
  return shared;
};

const placeLine = (piece: ResultPiece, offset: number, partObjects: readonly number[], out: Places, at: number): void => {
  if (piece.offsets === null || piece.lengths === null) return;
  out.lineObjects[at] = partObjects[piece.parts === null ? 1 : (piece.parts[offset] as number)] as number;
  out.lineOffsets[at] = piece.offsets[offset] as number;
  out.lineLengths[at] = piece.lengths[offset] as number;
};

/** Where the item lines of the rows lie, and their ids. */
const placeRows = (model: RunModel, out: Places, numberOf: NumberOf): readonly string[] => {
  const ids = new Array<string>(out.indexes.length);
  let slice: SlicePiece | null = null;
  let [sliceIds, itemEnds, itemObject] = [[] as readonly string[], new Float64Array(0) as Float64Array, 0];
  for (const at of ascending(out.indexes)) {
    const index = out.indexes[at] as number;
    if (slice === null || !holds(slice, index)) {
      slice = model.slices.at(index);
      [sliceIds, itemEnds, itemObject] = [slice.ids(), slice.itemEnds(), numberOf(slice.itemObject)];
    }
    const row = index - slice.from;
    const itemStart = row === 0 ? 0 : (itemEnds[row - 1] as number);
    ids[at] = sliceIds[row] as string;
    out.itemObjects[at] = itemObject;
    out.itemOffsets[at] = itemStart;
    out.itemLengths[at] = (itemEnds[row] as number) - itemStart;
    out.sameAs[at] = slice.sameAs === null ? 0 : (slice.sameAs[row] as number);
  }
  return ids;
};

const placeSharedLines = (model: RunModel, shared: readonly SharedLine[], out: Places, numberOf: NumberOf): void => {
  let piece: ResultPiece | null = null;
  let partObjects: readonly number[] = [];
  for (const { at, sequence } of [...shared].sort((a, b) => a.sequence - b.sequence)) {
    if (piece === null || !holds(piece, sequence)) {
      piece = model.results.at(sequence);
      partObjects = [0, numberOf(piece.outputObject), numberOf(piece.errorObject)];
    }
    placeLine(piece, sequence - piece.from, partObjects, out, at);
  }
};

/** Numbers names from 1 in the order in which they come; none is 0. */
const numbering = (names: string[]): NumberOf => {
  const numbers = new Map<string, number>();
  return (name) => {
    if (name === null) return 0;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const number = names.push(name);
    numbers.set(name, number);
    return number;
  };
};

export const resultsAfter = (model: RunModel, sequence: number, limit: number): ResultColumns => {
  const from = Math.max(0, sequence) + 1;
  const count = Math.max(0, Math.min(limit, model.results.next - from));
  const sequences = new Float64Array(count);
  for (let i = 0; i < count; i += 1) sequences[i] = from + i;
  return collect(model, sequences);
};

/** Terminal rows in item order. The first call looks through all results once. */
export const resultsByIndex = (
  model: RunModel,
  sequenceOf: ArrayLike<number>,
  fromIndex: number,
  limit: number,
): { readonly columns: ResultColumns; readonly nextIndex: number | null } => {
  const { items } = model;
  const sequences: number[] = [];
  let index = Math.max(0, fromIndex);
  let nextIndex: number | null = null;
  for (; index < items.count; index += 1) {
    if (items.status[index] !== completed && items.status[index] !== failed) continue;
    if (sequences.length === limit) {
      nextIndex = index;
      break;
    }
    sequences.push(sequenceOf[index] as number);
  }
  return { columns: collect(model, Float64Array.from(sequences)), nextIndex };
};

/** Where each terminal row's result is; brought up to date from the sequence it was last asked for. */
export const createSequenceIndex = (): ((model: RunModel) => ArrayLike<number>) => {
  let sequenceOf = new Uint32Array(0);
  let next = 1;
  return (model) => {
    if (sequenceOf.length < model.items.count) {
      const grown = new Uint32Array(model.items.count);
      grown.set(sequenceOf);
      sequenceOf = grown;
    }
    while (next < model.results.next) {
      const piece = model.results.at(next);
      for (let i = 0; i < piece.count; i += 1) sequenceOf[piece.indexes[i] as number] = piece.from + i;
      next = piece.from + piece.count;
    }
    return sequenceOf;
  };
};
