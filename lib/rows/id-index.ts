import { addIdHash, noIdHashes, rowsLike } from '../core/source/id-hashes.ts';

/** The item ids of the run. */
export class IdIndex {
  readonly #hashes = noIdHashes();
  readonly #idAt: (index: number) => string;

  constructor(idAt: (index: number) => string) {
    this.#idAt = idAt;
  }

  has(id: string): boolean {
    return this.#isAmong(rowsLike(this.#hashes, id), id);
  }

  /** Adds an id. False when the run already has it; then the index must be discarded. */
  add(id: string, index: number): boolean {
    return !this.#isAmong(addIdHash(this.#hashes, id, index), id);
  }

  #isAmong(rows: readonly number[], id: string): boolean {
    return rows.some((row) => this.#idAt(row) === id);
  }
}
