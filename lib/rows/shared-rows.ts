import type { SharedRows } from '../core/model/command.ts';
import type { SharedCursor } from '../core/model/snapshot.ts';
import { shared } from './item-columns.ts';
import { ascending, sentFor } from './segments.ts';
import type { RunModel } from './run-model.ts';

/**
 * The rows that can end because the row that was sent for them has ended. `sequenceOf` maps rows to
 * results. O(rows read).
 */
export const sharedRows = (
  model: RunModel,
  sequenceOf: ArrayLike<number>,
  from: SharedCursor,
  rowsMax: number,
): SharedRows =>
  from.index < model.items.count
    ? amongRows(model, sequenceOf, from, rowsMax)
    : amongResults(model, from, rowsMax);

/** The outcome code of each result, in the given order. */
const codesOf = (model: RunModel, sequences: readonly number[]): readonly number[] => {
  const codes = new Array<number>(sequences.length);
  for (const at of ascending(sequences)) {
    const sequence = sequences[at] as number;
    const segment = model.results.at(sequence);
    codes[at] = segment.codes === null ? -1 : (segment.codes[sequence - segment.from] as number);
  }
  return codes;
};

const amongRows = (
  model: RunModel,
  sequenceOf: ArrayLike<number>,
  from: SharedCursor,
  rowsMax: number,
): SharedRows => {
  const found = { indexes: [] as number[], of: [] as number[] };
  const end = Math.min(model.items.count, from.index + rowsMax);
  for (let index = from.index; index < end;) {
    const slice = model.slices.at(index);
    const sliceEnd = Math.min(end, slice.from + slice.count);
    // Most slices of most runs share nothing.
    for (; slice.sameAs !== null && index < sliceEnd; index += 1) {
      if (model.items.status[index] !== shared) continue;
      const sequence = sequenceOf[sentFor(slice, index - slice.from)] ?? 0;
      if (sequence === 0 || sequence > from.sequence) continue;
      found.indexes.push(index);
      found.of.push(sequence);
    }
    index = sliceEnd;
  }
  return {
    ...found,
    codes: codesOf(model, found.of),
    until: { sequence: from.sequence, index: end },
  };
};

const amongResults = (model: RunModel, from: SharedCursor, rowsMax: number): SharedRows => {
  const found = { indexes: [] as number[], of: [] as number[] };
  const end = Math.min(model.results.next - 1, from.sequence + rowsMax);
  const isWaiting = (index: number): boolean => model.items.status[index] === shared;
  for (let sequence = from.sequence + 1; sequence <= end; sequence += 1) {
    const segment = model.results.at(sequence);
    const rowsLeft = rowsMax - found.indexes.length;
    const waiting = model.waiters.waitingFor(
      segment.indexes[sequence - segment.from] as number,
      isWaiting,
      rowsLeft + 1,
    );
    for (const index of waiting.slice(0, rowsLeft)) {
      found.indexes.push(index);
      found.of.push(sequence);
    }
    if (waiting.length > rowsLeft)
      return {
        ...found,
        codes: codesOf(model, found.of),
        until: { sequence: sequence - 1, index: from.index },
      };
  }
  return {
    ...found,
    codes: codesOf(model, found.of),
    until: { sequence: Math.max(end, from.sequence), index: from.index },
  };
};
