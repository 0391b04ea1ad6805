import { stoppedBeforeLimit } from '../../core/settle/output-bound.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import { answeredCode, type LineColumns, malformedCode } from './line-columns.ts';

export type FilePart = 'output' | 'error';

/**
 * A failure line, remembered until the rest of the batch is settled: a success anywhere wins over
 * it.
 */
export interface Note {
  readonly code: number;
  readonly part: 1 | 2;
  readonly offset: number;
  readonly length: number;
  readonly outputTokens: number;
}

/** What a slice of a file says, in columns. */
export interface SliceReading {
  readonly part: FilePart;
  readonly indexes: number[];
  readonly offsets: number[];
  readonly lengths: number[];
  readonly usage: { -readonly [K in keyof TokenUsage]: number };
  malformedCount: number;
  unknownCount: number;
  toOffset: number;
  isEndOfFile: boolean;
  readonly notes: Map<number, Note>;
}

/** Nothing read yet, and all of the file to be read. */
export const createSliceReading = (part: FilePart, fileBytes: number): SliceReading => ({
  part,
  indexes: [],
  offsets: [],
  lengths: [],
  usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  malformedCount: 0,
  unknownCount: 0,
  toOffset: fileBytes,
  isEndOfFile: true,
  notes: new Map(),
});

/** The slice ends before the line at this byte. */
export const endBefore = (reading: SliceReading, offset: number): void => {
  reading.toOffset = offset;
  reading.isEndOfFile = false;
};

export const addTo = (sum: SliceReading['usage'], usage: TokenUsage): void => {
  sum.inputTokens += usage.inputTokens;
  sum.cachedInputTokens += usage.cachedInputTokens;
  sum.outputTokens += usage.outputTokens;
  sum.reasoningTokens += usage.reasoningTokens;
};

/** Takes down a line of a row: an answer, or a failure (`code`), of which the first counts. */
export const takeRow = (
  reading: SliceReading,
  index: number,
  { offset, length }: { readonly offset: number; readonly length: number },
  code: number | null,
  outputTokens: number,
): void => {
  if (code === null) {
    reading.indexes.push(index);
    reading.offsets.push(offset);
    reading.lengths.push(length);
  } else if (!reading.notes.has(index)) {
    reading.notes.set(index, {
      code,
      part: reading.part === 'output' ? 1 : 2,
      offset,
      length,
      outputTokens,
    });
  }
};

/** The slice as it was read while the file was downloaded. O(lines of the slice). */
export const readColumns = (
  reading: SliceReading,
  lines: LineColumns,
  fromOffset: number,
  rowsMax: number,
  itemCount: number,
): void => {
  const first = lines.placeOf(fromOffset);
  const end = Math.min(lines.count, first + rowsMax);
  for (let lineIndex = first; lineIndex < end; lineIndex += 1) {
    const line = lines.at(lineIndex);
    if (line.code === malformedCode) reading.malformedCount += 1;
    else if (line.index < 0 || line.index >= itemCount) reading.unknownCount += 1;
    else {
      if (line.outputTokens >= 0) addTo(reading.usage, line);
      const outputTokens = line.stopsBeforeLimit ? stoppedBeforeLimit : line.outputTokens;
      takeRow(
        reading,
        line.index,
        line,
        line.code === answeredCode ? null : line.code,
        outputTokens,
      );
    }
  }
  if (end < lines.count) endBefore(reading, lines.at(end).offset);
};
