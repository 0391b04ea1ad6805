import { completed, failed } from './item-columns.ts';
import type { ResultPiece, SlicePiece } from './pieces.ts';
import { type ResultColumns, resultColumns } from './result-columns.ts';
import type { RunModel } from './run-model.ts';

/** The piece that a number lies in, keeping the last one: neighbours mostly lie together. */
const lookUp = <P extends { readonly from: number; readonly count: number }>(find: (number: number) => P): ((number: number) => P) => {
  let last: P | null = null;
  return (number) => {
    if (last === null || number < last.from || number >= last.from + last.count) last = find(number);
    return last;
  };
};

/** Results of these sequences, in the order given. */
const collect = (model: RunModel, sequences: ArrayLike<number>): ResultColumns => {
  const { items } = model;
  const count = sequences.length;
  const objects: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (object: string): number => {
    const known = numbers.get(object);
    if (known !== undefined) return known;
    numbers.set(object, objects.push(object));
    return objects.length;
  };
  const out = resultColumns(count, objects);
  const pieceOf = lookUp<ResultPiece>((sequence) => model.results.at(sequence));
  const sliceOf = lookUp<SlicePiece>((index) => model.slices.at(index));
  for (let at = 0; at < count; at += 1) {
    const sequence = sequences[at] as number;
    const piece = pieceOf(sequence);
    const offset = sequence - piece.from;
    const index = piece.indexes[offset] as number;
    const slice = sliceOf(index);
    const row = index - slice.from;
    const itemEnds = slice.itemEnds();
    const itemStart = row === 0 ? 0 : (itemEnds[row - 1] as number);
    out.sequences[at] = sequence;
    out.indexes[at] = index;
    out.ids.push(slice.ids()[row] as string);
    out.codes[at] = piece.codes === null ? -1 : (piece.codes[offset] as number);
    out.charged[at] = items.charged[index] as number;
    out.uncharged[at] = items.uncharged[index] as number;
    out.itemObjects[at] = numberOf(slice.itemObject);
    out.itemOffsets[at] = itemStart;
    out.itemLengths[at] = (itemEnds[row] as number) - itemStart;
    const part = piece.offsets === null ? 0 : piece.parts === null ? 1 : (piece.parts[offset] as number);
    const object = part === 1 ? piece.outputObject : part === 2 ? piece.errorObject : null;
    if (object === null || piece.offsets === null || piece.lengths === null) continue;
    out.lineObjects[at] = numberOf(object);
    out.lineOffsets[at] = piece.offsets[offset] as number;
    out.lineLengths[at] = piece.lengths[offset] as number;
  }
  return out;
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
  return { columns: collect(model, sequences), nextIndex };
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
