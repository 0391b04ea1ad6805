/**
 * 64-bit hashes of item ids, in an open-addressed table: at most 24 bytes a row. Equal hashes are no proof of equal ids: whoever adds
 * compares the ids themselves.
 */
export class IdHashes {
  #size = 0;
  #low = new Uint32Array(4_096);
  #high = new Uint32Array(4_096);
  /** Row index + 1; 0: free. */
  #row = new Uint32Array(4_096);

  /** Rows with the same hash that were added before; the row is one of them from now on. Almost always none. */
  add(id: string, index: number): readonly number[] {
    if ((this.#size + 1) * 10 > this.#row.length * 7) this.#grow();
    const [low, high] = hashOf(id);
    const mask = this.#row.length - 1;
    let same: number[] | null = null;
    let slot = low & mask;
    for (; this.#row[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] === low && this.#high[slot] === high) (same ??= []).push((this.#row[slot] as number) - 1);
    }
    this.#put(slot, low, high, index + 1);
    this.#size += 1;
    return same ?? none;
  }

  #put(slot: number, low: number, high: number, row: number): void {
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#row[slot] = row;
  }

  #grow(): void {
    const [lows, highs, rows] = [this.#low, this.#high, this.#row];
    const capacity = rows.length * 2;
    this.#low = new Uint32Array(capacity);
    this.#high = new Uint32Array(capacity);
    this.#row = new Uint32Array(capacity);
    for (let from = 0; from < rows.length; from += 1) {
      if (rows[from] === 0) continue;
      let slot = (lows[from] as number) & (capacity - 1);
      while (this.#row[slot] !== 0) slot = (slot + 1) & (capacity - 1);
      this.#put(slot, lows[from] as number, highs[from] as number, rows[from] as number);
    }
  }
}

const none: readonly number[] = [];

/** Two 32-bit multiplicative hashes over the UTF-16 units, mixed at the end (the construction known as cyrb53). */
const hashOf = (id: string): readonly [low: number, high: number] => {
  let a = 0xdead_beef;
  let b = 0x41c6_ce57;
  for (let i = 0; i < id.length; i += 1) {
    const unit = id.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e37_79b1);
    b = Math.imul(b ^ unit, 0x5f35_6495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85eb_ca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2_ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85eb_ca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2_ae35);
  return [a >>> 0, b >>> 0];
};
