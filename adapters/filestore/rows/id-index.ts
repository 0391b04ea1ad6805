import { addIdHash, noIdHashes, rowsLike } from '../../../lib/core/source/id-hashes.ts';

/** Which item ids the run holds. */
export class IdIndex {
  readonly #hashes = noIdHashes();
  readonly #idAt: (index: number) => string;

  constructor(idAt: (index: number) => string) {
    this.#idAt = idAt;
  }

  has(id: string): boolean {
    return this.#isAmong(rowsLike(this.#hashes, id), id);
  }

  /** False when the run has the id already, and the index is to be forgotten; else it is known from now on, as that of the row. */
  add(id: string, index: number): boolean {
    return !this.#isAmong(addIdHash(this.#hashes, id, index), id);
  }

  #isAmong(rows: readonly number[], id: string): boolean {
    return rows.some((row) => this.#idAt(row) === id);
  }
}
