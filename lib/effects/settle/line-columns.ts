import { codeOfFailure } from '../../core/values/failure.ts';
import type { LineVerdict } from '../../ports/provider.ts';

/** What one line says, in numbers. */
export interface ColumnsOfLine {
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes without the newline. */
  readonly length: number;
  /** The row that its `custom_id` names; -1: none of the run. */
  readonly index: number;
  /** `answeredCode`, `malformedCode`, or the code of a failure class. */
  readonly code: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  /** -1: the line reports no usage, and the other counts are 0. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** True for a truncated answer that no output limit ended. */
  readonly stopsBeforeLimit: boolean;
}

/** What the lines of one file say, in the order of the file: 72 bytes a line. */
export interface LineColumns {
  readonly count: number;
  /**
   * `index`: the row that the line's `custom_id` names; null for one that names none of the run.
   */
  add(offset: number, length: number, index: number | null, verdict: LineVerdict): void;
  at(lineIndex: number): ColumnsOfLine;
  /**
   * Number, from 0, of the first line that begins at this byte or behind it; `count` where there is
   * none. O(log lines).
   */
  placeOf(offset: number): number;
}

export const answeredCode = -1;
export const malformedCode = -2;

const columns = 9;
const linesAtFirst = 256;

export const createLineColumns = (): LineColumns => {
  let table = new Float64Array(linesAtFirst * columns);
  let count = 0;
  const cell = (lineIndex: number, column: number): number =>
    table[lineIndex * columns + column] as number;
  return {
    get count() {
      return count;
    },
    add(offset, length, index, verdict) {
      const from = count * columns;
      if (from === table.length) {
        const larger = new Float64Array(2 * from);
        larger.set(table);
        table = larger;
      }
      const usage = verdict.type === 'malformed' ? null : verdict.usage;
      table[from] = offset;
      table[from + 1] = length;
      table[from + 2] = index ?? -1;
      table[from + 3] = codeOf(verdict);
      table[from + 4] = usage?.inputTokens ?? 0;
      table[from + 5] = usage?.cachedInputTokens ?? 0;
      table[from + 6] = usage?.outputTokens ?? -1;
      table[from + 7] = usage?.reasoningTokens ?? 0;
      table[from + 8] = verdict.type === 'failed' && verdict.stopsBeforeLimit === true ? 1 : 0;
      count += 1;
    },
    at: (lineIndex) => ({
      offset: cell(lineIndex, 0),
      length: cell(lineIndex, 1),
      index: cell(lineIndex, 2),
      code: cell(lineIndex, 3),
      inputTokens: cell(lineIndex, 4),
      cachedInputTokens: cell(lineIndex, 5),
      outputTokens: cell(lineIndex, 6),
      reasoningTokens: cell(lineIndex, 7),
      stopsBeforeLimit: cell(lineIndex, 8) === 1,
    }),
    placeOf(offset) {
      let [low, high] = [0, count];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cell(middle, 0) < offset) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
};

const codeOf = (verdict: LineVerdict): number => {
  if (verdict.type === 'succeeded') return answeredCode;
  return verdict.type === 'malformed' ? malformedCode : codeOfFailure(verdict.failureClass);
};

/**
 * What stored files say, from their download until they are settled: a file is read once, unless
 * another process settles it.
 */
export interface LinesKept {
  /** `object`: the file's name in the payload plane, which no other reading has. */
  keep(object: string, lines: LineColumns): void;
  /** Null: the file is to be read. */
  of(object: string): LineColumns | null;
  forget(object: string): void;
}

/** 29 MB. What does not fit is read again from where it is stored. */
const linesMax = 400_000;

export const createLinesKept = (): LinesKept => {
  const kept = new Map<string, LineColumns>();
  let count = 0;
  const forget = (object: string): void => {
    count -= kept.get(object)?.count ?? 0;
    kept.delete(object);
  };
  return {
    keep(object, lines) {
      forget(object);
      kept.set(object, lines);
      count += lines.count;
      for (const oldest of kept.keys()) {
        if (count <= linesMax) return;
        forget(oldest);
      }
    },
    of: (object) => kept.get(object) ?? null,
    forget,
  };
};
