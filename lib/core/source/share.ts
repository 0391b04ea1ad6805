import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { AcceptedSlice, Column, CommandOf, SharedRows } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot, SharedCursor } from '../model/snapshot.ts';

/**
 * Rows whose request an earlier row has sent. They wait as `shared`, in no batch and in no backlog,
 * and end with that row. Which of them can end is found out along two cursors, so that no row is
 * checked twice: by the results that came since, and by the rows that came when the results were
 * there already.
 */

/** How many rows of the slice share an earlier row's request. O(slice). */
export const sharedIn = ({ sameAs }: AcceptedSlice): number => {
  if (sameAs === null) return 0;
  let count = 0;
  for (let i = 0; i < sameAs.length; i += 1) if (sameAs[i] !== 0) count += 1;
  return count;
};

/**
 * While no row waits there is nothing to check: the cursors then begin with the slice, at the
 * present results.
 */
export const sharingAfter = (
  s: RunSnapshot,
  slice: AcceptedSlice,
  sharedCount: number,
): RunSnapshot['sharing'] =>
  sharedCount === 0
    ? s.sharing
    : {
        rows: s.sharing.rows + sharedCount,
        tokens: s.sharing.tokens + slice.sharedTokens,
        until:
          s.totals.shared === 0
            ? { sequence: s.resultSequence, index: slice.fromIndex }
            : s.sharing.until,
      };

/** Some row may be able to end that is not known to. */
export const isShareDue = ({
  totals,
  sharing: { until },
  ingest,
  resultSequence,
}: RunSnapshot): boolean =>
  totals.shared > 0 && (until.index < ingest.itemCount || until.sequence < resultSequence);

const isSame = (a: SharedCursor, b: SharedCursor): boolean =>
  a.sequence === b.sequence && a.index === b.index;

const faultOfRows = (
  snapshot: RunSnapshot,
  { indexes, of, codes, until }: SharedRows,
  from: SharedCursor,
): string | null => {
  if (of.length !== indexes.length || codes.length !== indexes.length)
    return 'columns of a slice have one length';
  if (until.sequence < from.sequence || until.index < from.index)
    return 'what is known of shared rows does not go back';
  if (until.sequence > snapshot.resultSequence || until.index > snapshot.ingest.itemCount)
    return 'nothing is known of what is not there';
  if (indexes.length === 0 && isSame(until, from)) return 'a slice of shared rows moves on';
  for (let i = 0; i < of.length; i += 1)
    if (!((of[i] as number) >= 1 && (of[i] as number) <= snapshot.resultSequence))
      return 'a row ends with a result that is there';
  return null;
};

/** Rows end as the rows that were sent for them have; those first that were completed. */
export const decideSettleShared = (
  snapshot: RunSnapshot,
  { atMs, from, rows }: CommandOf<'SettleShared'>,
): Either<Rejection, readonly Event[]> => {
  const { until } = snapshot.sharing;
  if (!isSame(from, until) || rows.indexes.length > snapshot.totals.shared)
    return left({ type: 'stale_slice', expected: until.sequence, given: from.sequence });
  const fault = faultOfRows(snapshot, rows, from);
  if (fault !== null) return left({ type: 'malformed_command', message: fault });
  const order = Array.from({ length: rows.indexes.length }, (_, i) => i);
  const pick = (column: Column, chosen: readonly number[]): Column =>
    chosen.map((i) => column[i] as number);
  const completed = order.filter((i) => rows.codes[i] === -1);
  const failed = order.filter((i) => rows.codes[i] !== -1);
  const base = { atMs, until: rows.until };
  const events: Event[] = [];
  if (completed.length > 0 || failed.length === 0)
    events.push({
      ...base,
      type: 'SharedCompleted',
      indexes: pick(rows.indexes, completed),
      of: pick(rows.of, completed),
      sequenceFrom: snapshot.resultSequence + 1,
    });
  if (failed.length > 0)
    events.push({
      ...base,
      type: 'SharedFailed',
      indexes: pick(rows.indexes, failed),
      of: pick(rows.of, failed),
      codes: pick(rows.codes, failed),
      sequenceFrom: snapshot.resultSequence + 1 + completed.length,
    });
  return right(events);
};
