/**
 * 64-bit hashes of item ids, in an open-addressed table: at most 24 bytes a row. It grows as one
 * table: a run of a million rows has one. Equal hashes do not prove equal ids: the caller compares
 * the ids themselves, so a collision costs a comparison, never a row.
 */
export interface IdHashes {
  size: number;
  low: Uint32Array;
  high: Uint32Array;
  /** Row index + 1; 0: free. */
  row: Uint32Array;
}

export const noIdHashes = (): IdHashes => ofCapacity(4_096);

/** Rows whose ids have the hash of this one. Almost always none, or the row with this very id. */
export const rowsLike = (table: IdHashes, id: string): readonly number[] => {
  hash(id);
  return rowsOfHash(table);
};

/** The same rows, as they were before; the row is one of them from now on. */
export const addIdHash = (table: IdHashes, id: string, index: number): readonly number[] => {
  if ((table.size + 1) * 10 > table.row.length * 7) grow(table);
  hash(id);
  const like = rowsOfHash(table);
  put(table, low, high, index + 1);
  table.size += 1;
  return like;
};

const ofCapacity = (capacity: number): IdHashes => ({
  size: 0,
  low: new Uint32Array(capacity),
  high: new Uint32Array(capacity),
  row: new Uint32Array(capacity),
});

const none: readonly number[] = [];

/** For the hash that was taken last. */
const rowsOfHash = (table: IdHashes): readonly number[] => {
  const mask = table.row.length - 1;
  let like: number[] | null = null;
  for (let slot = low & mask; table.row[slot] !== 0; slot = (slot + 1) & mask) {
    if (table.low[slot] === low && table.high[slot] === high)
      (like ??= []).push((table.row[slot] as number) - 1);
  }
  return like ?? none;
};

const put = (table: IdHashes, lowHash: number, highHash: number, row: number): void => {
  const mask = table.row.length - 1;
  let slot = lowHash & mask;
  while (table.row[slot] !== 0) slot = (slot + 1) & mask;
  table.low[slot] = lowHash;
  table.high[slot] = highHash;
  table.row[slot] = row;
};

const grow = (table: IdHashes): void => {
  const before = { ...table };
  Object.assign(table, ofCapacity(before.row.length * 2), { size: before.size });
  for (let slot = 0; slot < before.row.length; slot += 1) {
    if (before.row[slot] !== 0)
      put(
        table,
        before.low[slot] as number,
        before.high[slot] as number,
        before.row[slot] as number,
      );
  }
};

/**
 * The hash taken last, in two halves: two numbers in variables, where a pair would be an object per
 * id.
 */
let low = 0;
let high = 0;

/**
 * Two 32-bit multiplicative hashes over the UTF-16 units, mixed at the end (the construction known
 * as cyrb53).
 */
const hash = (id: string): void => {
  let a = 0xdead_beef;
  let b = 0x41c6_ce57;
  for (let i = 0; i < id.length; i += 1) {
    const unit = id.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e37_79b1);
    b = Math.imul(b ^ unit, 0x5f35_6495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85eb_ca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2_ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85eb_ca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2_ae35);
  low = a >>> 0;
  high = b >>> 0;
};
