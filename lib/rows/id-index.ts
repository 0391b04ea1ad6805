import { addIdHash, noIdHashes, rowsLike } from '../core/source/id-hashes.ts';

/** The item ids of the run. */
export class IdIndex {
  readonly #hashes = noIdHashes();
  readonly #idAt: (index: number) => string;

  constructor(idAt: (index: number) => string) {
    this.#idAt = idAt;
  }

  /** The row with this id; -1: the run has none. */
  find(id: string): number {
    return this.#among(rowsLike(this.#hashes, id), id);
  }

  /** Adds an id. False when the run already has it; then the index must be discarded. */
  add(id: string, index: number): boolean {
    return this.#among(addIdHash(this.#hashes, id, index), id) < 0;
  }

  #among(rows: readonly number[], id: string): number {
    for (const row of rows) if (this.#idAt(row) === id) return row;
    return -1;
  }
}
