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
    const [low, high] = hashOf(id);
    const mask = this.#row.length - 1;
    for (let slot = low & mask; this.#row[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] === low && this.#high[slot] === high && this.#idAt((this.#row[slot] as number) - 1) === id) return true;
    }
    return false;
  }

  /** The caller has seen that the id is new. */
  add(id: string, index: number): void {
    if ((this.#size + 1) * 10 > this.#row.length * 7) this.#grow();
    const [low, high] = hashOf(id);
    this.#put(low, high, index + 1);
    this.#size += 1;
  }

  #put(low: number, high: number, row: number): void {
    const mask = this.#row.length - 1;
    let slot = low & mask;
    while (this.#row[slot] !== 0) slot = (slot + 1) & mask;
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#row[slot] = row;
  }

  #grow(): void {
    const [low, high, row] = [this.#low, this.#high, this.#row];
    const capacity = row.length * 2;
    this.#low = new Uint32Array(capacity);
    this.#high = new Uint32Array(capacity);
    this.#row = new Uint32Array(capacity);
    for (let slot = 0; slot < row.length; slot += 1) {
      if (row[slot] !== 0) this.#put(low[slot] as number, high[slot] as number, row[slot] as number);
    }
  }
}

/** Two independent 32-bit multiplicative hashes over the UTF-16 units, mixed at the end (the construction known as cyrb53). */
const hashOf = (id: string): readonly [number, number] => {
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
