/**
 * Which item ids the run holds: an open-addressed table of 64-bit hashes, at most 17 bytes a row when full. A hash that is met is
 * confirmed by comparing the ids themselves, so equal hashes of different ids cost a look, never a row.
 */
export class IdIndex {
  #size = 0;
  #low = new Uint32Array(4_096);
  #high = new Uint32Array(4_096);
  /** Row index + 1; 0: free. */
  #row = new Uint32Array(4_096);
  readonly #idAt: (index: number) => string;

  constructor(idAt: (index: number) => string) {
    this.#idAt = idAt;
  }

  has(id: string): boolean {
    hash(id);
    return this.#find(id) >= 0;
  }

  /** False when the run has the id already; else it is known from now on, as that of the row. */
  add(id: string, index: number): boolean {
    if ((this.#size + 1) * 10 > this.#row.length * 7) this.#grow();
    hash(id);
    if (this.#find(id) >= 0) return false;
    this.#put(low, high, index + 1);
    this.#size += 1;
    return true;
  }

  /** The slot of the id that was hashed last, or -1. */
  #find(id: string): number {
    const mask = this.#row.length - 1;
    for (let slot = low & mask; this.#row[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] === low && this.#high[slot] === high && this.#idAt((this.#row[slot] as number) - 1) === id) return slot;
    }
    return -1;
  }

  #put(lowHash: number, highHash: number, row: number): void {
    const mask = this.#row.length - 1;
    let slot = lowHash & mask;
    while (this.#row[slot] !== 0) slot = (slot + 1) & mask;
    this.#low[slot] = lowHash;
    this.#high[slot] = highHash;
    this.#row[slot] = row;
  }

  #grow(): void {
    const [lows, highs, rows] = [this.#low, this.#high, this.#row];
    const capacity = rows.length * 2;
    this.#low = new Uint32Array(capacity);
    this.#high = new Uint32Array(capacity);
    this.#row = new Uint32Array(capacity);
    for (let slot = 0; slot < rows.length; slot += 1) {
      if (rows[slot] !== 0) this.#put(lows[slot] as number, highs[slot] as number, rows[slot] as number);
    }
  }
}

/** The hash taken last, in two halves: two numbers in variables, where a pair would be an object per id. */
let low = 0;
let high = 0;

/** Two 32-bit multiplicative hashes over the UTF-16 units, mixed at the end (the construction known as cyrb53). */
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
