import type { TableColumn, TablePage } from '../../lib/ports/table.ts';
import { BYTES_PER_CHAR_MAX } from './text-builder.ts';

/** Rows of a page that belong to one batch. */
export interface Span {
  readonly begin: number;
  readonly end: number;
  /** True when they complete the batch. */
  readonly isFull: boolean;
}

/** Limits of a batch. */
export interface BatchBounds {
  readonly rowsMax: number;
  /** The most text bytes of a batch; a larger row is a batch by itself. */
  readonly bytesMax: number;
}

/** Splits pages into spans, in order; remaining capacity carries over from page to page. */
export const createSpanCutter = (
  columns: readonly TableColumn[],
  { rowsMax, bytesMax }: BatchBounds,
): ((page: TablePage) => readonly Span[]) => {
  const texts = columns.flatMap(({ type }, index) =>
    type === 'text' || type === 'json' ? [index] : [],
  );
  let rows = 0;
  let bytes = 0;
  return (page) => {
    const cells = texts.map((index) => page.columns[index] ?? []);
    const spans: Span[] = [];
    let begin = 0;
    const cut = (end: number, isFull: boolean): void => {
      spans.push({ begin, end, isFull });
      begin = end;
      if (isFull) rows = bytes = 0;
    };
    for (let row = 0; row < page.rowCount; row += 1) {
      let rowBytes = 0;
      for (const column of cells) {
        const cell = column[row];
        if (typeof cell === 'string') rowBytes += cell.length * BYTES_PER_CHAR_MAX;
      }
      if (rows > 0 && (rows === rowsMax || bytes + rowBytes > bytesMax)) cut(row, true);
      rows += 1;
      bytes += rowBytes;
    }
    cut(page.rowCount, false);
    return spans;
  };
};
