import { type CustomIds, customIdsOf, idMembers } from '../../core/values/custom-ids.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { EnginePorts } from '../ports.ts';
import { readTexts } from '../results/results.ts';
import { linesOfRows } from '../../rows/read-rows.ts';

/** Knows which accepted row sent a request first. */
export interface SameRequests {
  /**
   * What the row of a slice asks, whatever its `custom_id`; null where nothing can be said of it.
   */
  digestOf(line: string, index: number): Uint8Array | null;
  /**
   * Learns the rows that were accepted so far: those of the last slice, or, in a process that is
   * new to the run, all of them, from their stored lines.
   */
  learn(itemCount: number, signal: AbortSignal): Promise<PortError | null>;
  /**
   * What was offered is not learned: rows come meanwhile that are not checked, and as many of them
   * may be accepted.
   */
  forget(): void;
  /**
   * Per row of the slice 1 + the index of the earlier row that asks the same, 0 for a row that is
   * the first; null: all are.
   */
  share(fromIndex: number, digests: readonly (Uint8Array | null)[]): Uint32Array | null;
}

const pageRows = 1_000;

export const createSameRequests = ({
  run,
  digest,
}: Pick<EnginePorts, 'run' | 'digest'>): SameRequests => {
  const table = createRequestTable();
  const customIds = customIdsOf(run.snapshot.config);
  /** The table holds the rows before this one. */
  let knownCount = 0;
  /**
   * The slice offered last: its rows are learned once it is accepted, and never if something else
   * was.
   */
  let offered: { readonly from: number; readonly digests: readonly (Uint8Array | null)[] } | null =
    null;

  const digestOf = (line: string, index: number): Uint8Array | null => {
    const asked = withoutName(line, customIds, index);
    return asked === null ? null : digest(asked);
  };
  const note = (digestOfRow: Uint8Array | null, index: number): void => {
    if (digestOfRow !== null && table.find(digestOfRow) < 0) table.add(digestOfRow, index);
  };
  const read = async (from: number, count: number): Promise<PortError | null> => {
    const page = await linesOfRows(run, from, count)();
    if (page._tag === 'Left') return page.left;
    const sent = page.right.map((lines) => (lines.sameAs === null ? lines.request : null));
    const texts = await readTexts(run.artifacts, sent)();
    if (texts._tag === 'Left') return texts.left;
    texts.right.forEach((text, i) =>
      note(text === null ? null : digestOf(text, from + i), from + i),
    );
    knownCount = from + page.right.length;
    return null;
  };

  return {
    digestOf,
    async learn(itemCount, signal) {
      if (
        offered !== null &&
        offered.from === knownCount &&
        offered.from + offered.digests.length === itemCount
      ) {
        offered.digests.forEach((each, i) => note(each, knownCount + i));
        knownCount = itemCount;
      }
      offered = null;
      while (knownCount < itemCount) {
        signal.throwIfAborted();
        const fault = await read(knownCount, Math.min(pageRows, itemCount - knownCount));
        if (fault !== null) return fault;
      }
      return null;
    },
    forget() {
      offered = null;
    },
    share(fromIndex, digests) {
      offered = { from: fromIndex, digests };
      const first = createRequestTable();
      const sameAs = new Uint32Array(digests.length);
      let isAny = false;
      digests.forEach((each, i) => {
        if (each === null) return;
        const known = table.find(each);
        const earlier = known >= 0 ? known : first.find(each);
        if (earlier < 0) return first.add(each, fromIndex + i);
        sameAs[i] = earlier + 1;
        isAny = true;
      });
      return isAny ? sameAs : null;
    },
  };
};

/**
 * The request line but for its `custom_id`, which is the row's; null where that does not stand
 * first: then nothing is said of what it asks.
 */
export const withoutName = (line: string, customIds: CustomIds, index: number): string | null => {
  const id = JSON.stringify(customIds.of(index));
  const name = idMembers
    .map((member) => `{"${member}":${id},`)
    .find((each) => line.startsWith(each));
  return name === undefined ? null : line.slice(name.length);
};

/**
 * Rows by a digest of their request, in an open-addressed table: 28 to 57 bytes a row, half as much
 * again while it grows. Of the digest 128 bits are kept: made by a cryptographic hash, equal ones
 * are equal requests.
 */
interface RequestTable {
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
