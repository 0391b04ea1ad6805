import type { NumberReading } from '../files/exact-json.ts';
import type { FileReading } from '../files/file-reading.ts';
import { type FileRow, tooLongReason } from '../files/file-source.ts';
import { openWindow } from '../files/file-window.ts';
import { skipMark } from '../files/utf8.ts';
import { type JsonRow, type ParsedRow, parseRow } from './parse-row.ts';
import { readLines } from './read-lines.ts';

/**
 * The rows of a JSONL file: a JSON object per line. Anything else on a line is a bad row, a blank
 * line is none. One pass over the bytes.
 */
export async function* readJsonl(
  reading: FileReading,
  { lineBytesMax, numbers }: { readonly lineBytesMax: number; readonly numbers: NumberReading },
): AsyncGenerator<readonly FileRow<JsonRow>[]> {
  const window = await openWindow(reading, reading.from);
  try {
    if (reading.from === null) await skipMark(window, reading.file.path);
    let index = reading.from?.index ?? 0;
    for await (const lines of readLines(window, { line: reading.from?.line ?? 1, lineBytesMax })) {
      const rows: FileRow<JsonRow>[] = [];
      for (const { bytes, line, endOffset } of lines) {
        const parsed: ParsedRow | null =
          bytes === null
            ? {
                type: 'bad',
                reason: tooLongReason('the line', 'lineBytesMax', lineBytesMax),
              }
            : parseRow(bytes, 'the line', numbers);
        if (parsed === null) continue;
        index += 1;
        const position = window.checkpointAt(endOffset, line + 1, index);
        // Written out: spreading the parsed line halved the speed of the whole source.
        if (parsed.type === 'row') rows.push({ type: 'row', value: parsed.row, line, position });
        else rows.push({ ...parsed, field: null, line, position });
      }
      yield rows;
    }
  } finally {
    await window.close();
  }
}
