import { addIdHash, noIdHashes, rowsLike } from '../../lib/core/source/id-hashes.ts';

/** The rows of a file by their ids, about 30 bytes each. Equal ids are allowed. */
export interface FileIds {
  readonly rowCount: number;
  add(ids: readonly (string | null)[]): void;
  /**
   * Calls back for each row that has this id, or another one with the same hash: compare the ids.
   */
  eachLike(id: string, visit: (rowIndex: number) => void): void;
  /** Whether another row has the id of this one (by their 64-bit hashes). */
  isRepeated(rowIndex: number): boolean;
}

export const createFileIds = (): FileIds => {
  const hashes = noIdHashes();
  /** By row: number + 1 of the next row with the same hash, in a ring; 0: it is the only one. */
  let nextLike = new Uint32Array(4_096);
  let rowCount = 0;
  return {
    get rowCount() {
      return rowCount;
    },
    add: (ids) => {
      if (rowCount + ids.length > nextLike.length) {
        const grown = new Uint32Array(Math.max(2 * nextLike.length, rowCount + ids.length));
        grown.set(nextLike);
        nextLike = grown;
      }
      for (const id of ids) {
        const rowIndex = rowCount;
        rowCount += 1;
        if (id === null) continue;
        // A file of one id alone stays linear: only the first row of a hash is in the table.
        const [first] = rowsLike(hashes, id);
        if (first === undefined) addIdHash(hashes, id, rowIndex);
        else {
          nextLike[rowIndex] = (nextLike[first] as number) || first + 1;
          nextLike[first] = rowIndex + 1;
        }
      }
    },
    eachLike: (id, visit) => {
      const [first] = rowsLike(hashes, id);
      if (first === undefined) return;
      visit(first);
      for (let row = nextLike[first] as number; row !== 0 && row !== first + 1;) {
        visit(row - 1);
        row = nextLike[row - 1] as number;
      }
    },
    isRepeated: (rowIndex) => nextLike[rowIndex] !== 0 && rowIndex < rowCount,
  };
};
