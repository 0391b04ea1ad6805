import { completed, failed } from './item-columns.ts';
import type { ResultPiece, SlicePiece } from './pieces.ts';
import { packTexts } from './packed-texts.ts';
import { type ResultColumns, resultColumns } from './result-columns.ts';
import type { RunModel } from './run-model.ts';
import type { Piece } from './shelf.ts';

const holds = (piece: Piece | null, number: number): boolean => piece !== null && number >= piece.from && number < piece.from + piece.count;

/** Results of these sequences, in the order given. The pieces of the last one are kept: neighbours mostly lie together. */
const collect = (model: RunModel, sequences: Float64Array): ResultColumns => {
  const { charged, uncharged } = model.items;
  const count = sequences.length;
  const objects: string[] = [];
  const numberOf = numbering(objects);
  const out = resultColumns(sequences, objects);
  const ids = new Array<string>(count);
  const { indexes, codes, itemObjects, itemOffsets, itemLengths, lineObjects, lineOffsets, lineLengths } = out;
  let piece: ResultPiece | null = null;
  let slice: SlicePiece | null = null;
  let [sliceIds, itemEnds, itemObject, sliceFrom] = [[] as readonly string[], new Float64Array(0) as Float64Array, 0, 0];
  let partObjects: readonly number[] = [];
  for (let at = 0; at < count; at += 1) {
    const sequence = sequences[at] as number;
    if (piece === null || !holds(piece, sequence)) {
      piece = model.results.at(sequence);
      partObjects = [0, numberOf(piece.outputObject), numberOf(piece.errorObject)];
    }
    const offset = sequence - piece.from;
    const index = piece.indexes[offset] as number;
    if (slice === null || !holds(slice, index)) {
      slice = model.slices.at(index);
      [sliceIds, itemEnds, itemObject, sliceFrom] = [slice.ids(), slice.itemEnds(), numberOf(slice.itemObject), slice.from];
    }
    const row = index - sliceFrom;
    const itemStart = row === 0 ? 0 : (itemEnds[row - 1] as number);
    indexes[at] = index;
    ids[at] = sliceIds[row] as string;
    codes[at] = piece.codes === null ? -1 : (piece.codes[offset] as number);
    out.charged[at] = charged[index] as number;
    out.uncharged[at] = uncharged[index] as number;
    itemObjects[at] = itemObject;
    itemOffsets[at] = itemStart;
    itemLengths[at] = (itemEnds[row] as number) - itemStart;
    out.sameAs[at] = slice.sameAs === null ? 0 : (slice.sameAs[row] as number);
    // A shared result has its line where the result has it that it shares.
    const shares = piece.of === null ? sequence : (piece.of[offset] as number);
    const lines: ResultPiece = piece.of === null ? piece : model.results.at(shares);
    const line = shares - lines.from;
    if (lines.offsets === null || lines.lengths === null) continue;
    const part = lines.parts === null ? 1 : (lines.parts[line] as number);
    lineObjects[at] =
      piece.of === null ? (partObjects[part] as number) : numberOf([null, lines.outputObject, lines.errorObject][part] ?? null);
    lineOffsets[at] = lines.offsets[line] as number;
    lineLengths[at] = lines.lengths[line] as number;
  }
  return { ...out, ids: packTexts(ids) };
};

/** Numbers names from 1 in the order in which they come; none is 0. */
const numbering = (names: string[]): ((name: string | null) => number) => {
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
