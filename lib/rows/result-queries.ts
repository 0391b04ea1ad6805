import { completed, failed } from './item-columns.ts';
import { ascending, type ResultSegment, type SliceSegment } from './segments.ts';
import { packTexts } from './packed-texts.ts';
import { type ResultColumns, resultColumns } from './result-columns.ts';
import type { RunModel } from './run-model.ts';
import type { Segment } from './segment-list.ts';

const holds = (segment: Segment | null, number: number): boolean =>
  segment !== null && number >= segment.from && number < segment.from + segment.count;

/**
 * Results of these sequences, in the given order. Each segment is loaded once, wherever the
 * sequences are.
 */
const collect = (model: RunModel, sequences: Float64Array): ResultColumns => {
  const objects: string[] = [];
  const out = resultColumns(sequences, objects);
  const numberOf = numbering(objects);
  const shared = fillResults(model, sequences, out, numberOf);
  const ids = fillRows(model, out, numberOf);
  fillSharedLines(model, shared, out, numberOf);
  return { ...out, ids: packTexts(ids) };
};

/** A page without its ids, which are texts. */
type ResultPage = Omit<ResultColumns, 'ids'>;
type NumberOf = (name: string | null) => number;
/** A result whose line belongs to another result. */
interface SharedLine {
  readonly at: number;
  readonly sequence: number;
}

const fillResults = (
  model: RunModel,
  sequences: Float64Array,
  out: ResultPage,
  numberOf: NumberOf,
): readonly SharedLine[] => {
  const { charged, uncharged } = model.items;
  const shared: SharedLine[] = [];
  let segment: ResultSegment | null = null;
  let partObjects: readonly number[] = [];
  for (const at of ascending(sequences)) {
    const sequence = sequences[at] as number;
    if (segment === null || !holds(segment, sequence)) {
      segment = model.results.at(sequence);
      partObjects = [0, numberOf(segment.outputObject), numberOf(segment.errorObject)];
    }
    const offset = sequence - segment.from;
    const index = segment.indexes[offset] as number;
    out.indexes[at] = index;
    out.codes[at] = segment.codes === null ? -1 : (segment.codes[offset] as number);
    out.charged[at] = charged[index] as number;
    out.uncharged[at] = uncharged[index] as number;
    if (segment.of === null) fillLine(segment, offset, partObjects, out, at);
    else shared.push({ at, sequence: segment.of[offset] as number });
  }
  return shared;
};

const fillLine = (
  segment: ResultSegment,
  offset: number,
  partObjects: readonly number[],
  out: ResultPage,
  at: number,
): void => {
  if (segment.offsets === null || segment.lengths === null) return;
  out.lineObjects[at] = partObjects[
    segment.parts === null ? 1 : (segment.parts[offset] as number)
  ] as number;
  out.lineOffsets[at] = segment.offsets[offset] as number;
  out.lineLengths[at] = segment.lengths[offset] as number;
};

/** Fills in the spans of the rows' item lines; returns the row ids. */
const fillRows = (model: RunModel, out: ResultPage, numberOf: NumberOf): readonly string[] => {
  const ids = new Array<string>(out.indexes.length);
  let slice: SliceSegment | null = null;
  let [sliceIds, itemEnds, itemObject] = [
    [] as readonly string[],
    new Float64Array(0) as Float64Array,
    0,
  ];
  for (const at of ascending(out.indexes)) {
    const index = out.indexes[at] as number;
    if (slice === null || !holds(slice, index)) {
      slice = model.slices.at(index);
      [sliceIds, itemEnds, itemObject] = [
        slice.ids(),
        slice.itemEnds(),
        numberOf(slice.itemObject),
      ];
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

const fillSharedLines = (
  model: RunModel,
  shared: readonly SharedLine[],
  out: ResultPage,
  numberOf: NumberOf,
): void => {
  let segment: ResultSegment | null = null;
  let partObjects: readonly number[] = [];
  for (const { at, sequence } of [...shared].sort((a, b) => a.sequence - b.sequence)) {
    if (segment === null || !holds(segment, sequence)) {
      segment = model.results.at(sequence);
      partObjects = [0, numberOf(segment.outputObject), numberOf(segment.errorObject)];
    }
    fillLine(segment, sequence - segment.from, partObjects, out, at);
  }
};

/** Numbers names from 1 in order of first use; a missing name is 0. */
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

/** Terminal rows in item order. The first call reads all results once. */
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

/** Maps each terminal row to the sequence of its result; each call reads only newer results. */
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
      const segment = model.results.at(next);
      for (let i = 0; i < segment.count; i += 1)
        sequenceOf[segment.indexes[i] as number] = segment.from + i;
      next = segment.from + segment.count;
    }
    return sequenceOf;
  };
};
