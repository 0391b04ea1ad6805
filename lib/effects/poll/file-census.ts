import type { FileCensus } from '../../core/model/files-census.ts';
import type { CustomIds } from '../../core/values/custom-ids.ts';
import { countOfIndexSet, type IndexSet } from '../../core/values/index-set.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import { createLineSplitter, type ReadLine } from '../settle/line-reader.ts';
import type { LineColumns } from '../settle/line-columns.ts';

/** Judges the files of one batch while their bytes go by. */
export interface Census {
  /**
   * One of its files; `end` once, behind the last chunk. `columns`: takes note of what each line
   * says.
   */
  file(fileId: string, columns?: LineColumns): { add(chunk: Uint8Array): void; end(): FileCensus };
  /** Different rows of the batch that were answered so far, by any file. */
  rows(): number;
  /** Rows that only corrupt lines name. */
  spoilt(): number;
}

const isAnswered = 1;
const isSpoilt = 2;

/**
 * `sent`: the rows that the batch was sent with. Each line is read as settling will read it.
 * O(lines); memory: a byte a row.
 */
export const createCensus = (
  wire: Pick<ProviderWire, 'readVerdict'>,
  customIds: CustomIds,
  sent: IndexSet,
): Census => {
  const rankOf = createRanks(sent);
  const said = new Uint8Array(countOfIndexSet(sent));
  let rows = 0;
  const note = (index: number | null, what: typeof isAnswered | typeof isSpoilt): boolean => {
    const rank = index === null ? -1 : rankOf(index);
    if (rank < 0) return false;
    if (what === isAnswered && ((said[rank] as number) & isAnswered) === 0) rows += 1;
    said[rank] = (said[rank] as number) | what;
    return true;
  };
  const judge = (
    { offset, length, text }: ReadLine,
    isWhole: boolean,
    columns?: LineColumns,
  ): 'answer' | 'malformed' | 'unknown' => {
    const verdict = text === null ? ({ type: 'malformed' } as const) : wire.readVerdict(text);
    const index = verdict.type === 'malformed' ? null : customIds.indexOf(verdict.customId);
    columns?.add(offset, length, index, verdict);
    if (verdict.type !== 'malformed') return note(index, isAnswered) ? 'answer' : 'unknown';
    if (text !== null && isWhole) note(customIds.indexIn(text), isSpoilt);
    return 'malformed';
  };
  return {
    rows: () => rows,
    spoilt: () => said.reduce((count, what) => (what === isSpoilt ? count + 1 : count), 0),
    file(fileId, columns) {
      const splitter = createLineSplitter();
      const begin = createBeginning();
      const counts = { lines: 0, malformed: 0, unknown: 0 };
      const count = (lines: readonly ReadLine[], areWhole: boolean): void => {
        for (const line of lines) {
          counts.lines += 1;
          const verdict = judge(line, areWhole, columns);
          if (verdict !== 'answer') counts[verdict] += 1;
        }
      };
      return {
        add(chunk) {
          begin.add(chunk);
          count(splitter.add(chunk), true);
        },
        end() {
          const before = counts.malformed;
          count(splitter.end(), false);
          return { fileId, ...counts, isCut: counts.malformed > before, begins: begin.text() };
        },
      };
    },
  };
};

/**
 * How many of the set are before an index; -1 for one that is not in it. Neighbours come after each
 * other: the last range is tried first.
 */
const createRanks = (set: IndexSet): ((index: number) => number) => {
  const count = set.length / 2;
  const before = new Float64Array(count);
  for (let range = 1; range < count; range += 1)
    before[range] =
      (before[range - 1] as number) +
      (set[2 * range - 1] as number) -
      (set[2 * range - 2] as number);
  let last = 0;
  const holds = (range: number, index: number): boolean =>
    index >= (set[2 * range] as number) && index < (set[2 * range + 1] as number);
  const find = (index: number): number => {
    let [low, high] = [0, count - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (index < (set[2 * middle] as number)) high = middle - 1;
      else if (index >= (set[2 * middle + 1] as number)) low = middle + 1;
      else return middle;
    }
    return -1;
  };
  return (index) => {
    if (count === 0) return -1;
    if (!holds(last, index)) {
      const found = find(index);
      if (found < 0) return -1;
      last = found;
    }
    return (before[last] as number) + index - (set[2 * last] as number);
  };
};

// With both files of a batch in it, a message stays short enough for an event.
const shownBytes = 40;

/** The first bytes of a file, for people. */
const createBeginning = (): { add(chunk: Uint8Array): void; text(): string } => {
  let text = '';
  return {
    add(chunk) {
      for (let at = 0; at < chunk.length && text.length < shownBytes; at += 1) {
        const byte = chunk[at] as number;
        text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
      }
    },
    text: () => text,
  };
};
