/** Which rows of a column are null. */
export interface Validity {
  setNull(row: number): void;
  /** Arrow's null information for the rows so far; starts over. */
  finish(rows: number): { readonly nullCount: number; readonly nullBitmap?: Uint8Array };
}

export const createValidity = (rowsMax: number): Validity => {
  let bitmap: Uint8Array | null = null;
  let nullCount = 0;
  return {
    setNull: (row) => {
      bitmap ??= new Uint8Array(Math.ceil(rowsMax / 64) * 8).fill(0xff);
      bitmap[row >> 3] = (bitmap[row >> 3] ?? 0) & ~(1 << (row & 7));
      nullCount += 1;
    },
    finish: (rows) => {
      const found =
        bitmap === null
          ? { nullCount: 0 }
          : { nullCount, nullBitmap: bitmap.subarray(0, Math.ceil(rows / 8)) };
      bitmap = null;
      nullCount = 0;
      return found;
    },
  };
};
