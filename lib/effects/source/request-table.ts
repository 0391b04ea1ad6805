/**
 * Rows by a digest of their request, in an open-addressed table: 28 to 57 bytes a row, half as much
 * again while it grows. Of the digest 128 bits are kept: made by a cryptographic hash, equal ones
 * are equal requests.
 */
export interface RequestTable {
  /** The row with this digest; -1: none. */
  find(digest: Uint8Array): number;
  add(digest: Uint8Array, index: number): void;
}

const wordsPerDigest = 4;

export const createRequestTable = (): RequestTable => {
  let digests = new Uint32Array(wordsPerDigest * 1_024);
  /** Row index + 1; 0: free. */
  let rows = new Uint32Array(1_024);
  let size = 0;
  const wanted = new Uint32Array(wordsPerDigest);

  const read = (digest: Uint8Array): void => {
    const view = new DataView(digest.buffer, digest.byteOffset);
    for (let word = 0; word < wordsPerDigest; word += 1)
      wanted[word] = view.getUint32(word * 4, true);
  };
  const isAt = (slot: number): boolean => {
    for (let word = 0; word < wordsPerDigest; word += 1)
      if (digests[slot * wordsPerDigest + word] !== wanted[word]) return false;
    return true;
  };
  /** Where the wanted digest is, or would be. */
  const slotOf = (): number => {
    const mask = rows.length - 1;
    let slot = (wanted[0] as number) & mask;
    while (rows[slot] !== 0 && !isAt(slot)) slot = (slot + 1) & mask;
    return slot;
  };
  const put = (row: number): void => {
    const slot = slotOf();
    digests.set(wanted, slot * wordsPerDigest);
    rows[slot] = row;
  };
  const grow = (): void => {
    const before = { digests, rows };
    digests = new Uint32Array(before.digests.length * 2);
    rows = new Uint32Array(before.rows.length * 2);
    for (let slot = 0; slot < before.rows.length; slot += 1) {
      if (before.rows[slot] === 0) continue;
      wanted.set(before.digests.subarray(slot * wordsPerDigest, (slot + 1) * wordsPerDigest));
      put(before.rows[slot] as number);
    }
  };
  return {
    find(digest) {
      read(digest);
      return (rows[slotOf()] as number) - 1;
    },
    add(digest, index) {
      if ((size + 1) * 10 > rows.length * 7) grow();
      read(digest);
      put(index + 1);
      size += 1;
    },
  };
};
