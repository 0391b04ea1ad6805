import type { Data } from 'apache-arrow';
import type { Cell } from '../../lib/ports/table.ts';
import type { Arrow } from './cell.ts';
import type { ColumnBuilder } from './batch-column.ts';
import { createValidity } from './validity.ts';

/** Shorter ASCII texts are written character by character, since an encoder call costs more. */
const SHORT_CHARS_MAX = 32;
/** The most UTF-8 bytes of a UTF-16 code unit. */
export const BYTES_PER_CHAR_MAX = 3;

/**
 * A column of texts as UTF-8; lone surrogates become U+FFFD. The caller must keep a batch below 2
 * GiB, since offsets have 32 bits.
 */
export const createTextBuilder = (arrow: Arrow, name: string, rowsMax: number): ColumnBuilder => {
  let bytes = Buffer.allocUnsafeSlow(1024);
  let offsets = new Int32Array(rowsMax + 1);
  let filled = 0;
  let rows = 0;
  const validity = createValidity(rowsMax);

  const makeRoom = (count: number): void => {
    if (filled + count <= bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, filled + count));
    bytes.copy(grown, 0, 0, filled);
    bytes = grown;
  };
  /** Returns false, and writes nothing, when the text is not ASCII. */
  const writeAscii = (text: string): boolean => {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return false;
      bytes[filled + at] = code;
    }
    filled += text.length;
    return true;
  };

  return {
    append: (cells: readonly Cell[], begin, end) => {
      for (let at = begin; at < end; at += 1) {
        const cell = cells[at];
        if (typeof cell === 'string') {
          makeRoom(cell.length * BYTES_PER_CHAR_MAX);
          if (cell.length > SHORT_CHARS_MAX || !writeAscii(cell))
            filled += bytes.write(cell, filled);
        } else if (cell === null) validity.setNull(rows);
        else
          throw new TypeError(
            `column ${JSON.stringify(name)}, row ${at + 1} of its page: ${String(cell)} is not a text`,
          );
        rows += 1;
        offsets[rows] = filled;
      }
    },
    finish: (): Data => {
      const data = arrow.makeData({
        type: new arrow.Utf8(),
        length: rows,
        ...validity.finish(rows),
        valueOffsets: offsets.subarray(0, rows + 1),
        data: bytes.subarray(0, filled),
      });
      // Returned buffers are not written to again.
      bytes = Buffer.allocUnsafeSlow(bytes.length);
      offsets = new Int32Array(rowsMax + 1);
      filled = 0;
      rows = 0;
      return data;
    },
  };
};
