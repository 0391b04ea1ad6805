import { type CustomIds, customIdsOf, idMembers } from '../../core/values/custom-ids.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { EnginePorts } from '../ports.ts';
import { createRequestTable } from './request-table.ts';
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
