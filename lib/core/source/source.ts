import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { AcceptedSlice, CommandOf } from '../model/command.ts';
import type { Operation } from '../model/config.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import { sharedIn, isShareDue } from './share.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import type { DueKeys } from '../faults/fault-wait.ts';
import { type Effect, ingestKey, sharedKey } from '../model/effect.ts';
import { sliceRowsMax } from '../values/limits.ts';

/**
 * Accepts the slice that comes next in order; a slice that was accepted before, or that skips rows,
 * is stale.
 */
export const decideAcceptSlice = (
  snapshot: RunSnapshot,
  command: CommandOf<'AcceptSlice'>,
): Either<Rejection, readonly Event[]> => {
  const { slice, checkpoint, isLast, atMs } = command;
  if (snapshot.control.state === 'cancel_requested')
    return left({ type: 'not_while', control: 'cancel_requested' });
  if (snapshot.ingest.isComplete)
    return left({ type: 'stale_slice', expected: 'complete', given: checkpoint.nextIndex });
  const expectedEntry = snapshot.ingest.checkpoint?.nextIndex ?? 0;
  if (checkpoint.nextIndex < expectedEntry)
    return left({ type: 'stale_slice', expected: expectedEntry, given: checkpoint.nextIndex });
  const events: Event[] = [];
  if (slice !== null) {
    if (slice.fromIndex !== snapshot.ingest.itemCount)
      return left({
        type: 'stale_slice',
        expected: snapshot.ingest.itemCount,
        given: slice.fromIndex,
      });
    const fault = faultOfSlice(slice);
    if (fault !== null) return left({ type: 'malformed_command', message: fault });
    events.push({
      type: 'ItemsAccepted',
      atMs,
      slice,
      checkpoint,
      sequenceFrom: snapshot.resultSequence + 1,
    });
  }
  if (isLast) events.push({ type: 'IngestionCompleted', atMs, checkpoint });
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

/**
 * How many rows of a slice can be accepted now: all of them, or, under the policy that stops, those
 * in front of the first bad one. `bad`: offsets in the slice.
 */
export const acceptableRows = (
  { badRows }: Pick<Operation, 'badRows'>,
  rowCount: number,
  bad: Iterable<number>,
): number => {
  if (badRows === 'record') return rowCount;
  let count = rowCount;
  for (const offset of bad) count = Math.min(count, offset);
  return count;
};

/**
 * A row that cannot be an item, under the policy that stops: nothing more is ingested until an
 * operator resumes the run.
 */
export const decideRejectRow = (
  snapshot: RunSnapshot,
  command: CommandOf<'RejectRow'>,
): Either<Rejection, readonly Event[]> => {
  if (snapshot.ingest.isComplete)
    return left({ type: 'stale_slice', expected: 'complete', given: 'bad row' });
  const events = pauseEvents(snapshot, 'bad_rows', command.message, command.atMs);
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

const faultOfSlice = (slice: AcceptedSlice): string | null => {
  const count = slice.itemIds.length;
  if (count === 0) return 'an accepted slice has at least one row';
  if (slice.requestLengths.length !== count || slice.itemLengths.length !== count)
    return 'columns of a slice have one length';
  if ([slice.tokens, slice.inputs].some((column) => column !== null && column.length !== count))
    return 'columns of a slice have one length';
  if (slice.requestObject === null && slice.badOffsets.length + sharedIn(slice) !== count)
    return 'good rows have request lines';
  for (let i = 0; i < slice.badOffsets.length; i += 1) {
    const offset = slice.badOffsets[i] as number;
    if (
      !Number.isInteger(offset) ||
      offset < 0 ||
      offset >= count ||
      (i > 0 && offset <= (slice.badOffsets[i - 1] as number))
    )
      return 'bad rows are rows of the slice, ascending';
    if ((slice.sameAs?.[offset] ?? 0) !== 0) return 'a bad row shares no request';
    if (slice.requestLengths[offset] !== 0 || (slice.tokens !== null && slice.tokens[offset] !== 0))
      return 'a bad row has no request line';
  }
  return faultOfSharing(slice);
};

/**
 * A row is sent for others only if it is sent itself: that it is, is for the caller to know of rows
 * before the slice.
 */
const faultOfSharing = ({
  sameAs,
  fromIndex,
  itemIds,
  requestLengths,
  tokens,
  sharedTokens,
}: AcceptedSlice): string | null => {
  if (sameAs === null)
    return sharedTokens === 0 ? null : 'where no request is shared, no tokens are spared';
  if (sameAs.length !== itemIds.length) return 'columns of a slice have one length';
  for (let i = 0; i < sameAs.length; i += 1) {
    const leader = (sameAs[i] as number) - 1;
    if (leader < 0) continue;
    if (
      leader >= fromIndex + i ||
      (leader >= fromIndex && requestLengths[leader - fromIndex] === 0)
    )
      return 'a row shares the request of an earlier row that is sent';
    if (requestLengths[i] !== 0 || (tokens !== null && tokens[i] !== 0))
      return 'a row that shares a request has no line of its own';
  }
  return null;
};

/**
 * Which rows of a slice keep their ids: the first of equal ids does, in the slice and in the run.
 * `known[i]` says that the run already holds `ids[i]`; a null id belongs to a row that is bad for
 * another reason.
 */
export const duplicateIds = (
  ids: readonly (string | null)[],
  known: ArrayLike<number>,
): readonly number[] => {
  const seen = new Set<string>();
  const duplicates: number[] = [];
  ids.forEach((id, i) => {
    if (id === null) return;
    if (known[i] === 1 || seen.has(id)) duplicates.push(i);
    else seen.add(id);
  });
  return duplicates;
};

/** The id of a recorded bad row whose own id is missing or taken. */
export const idOfBadRow = (sourceRef: string, entryIndex: number): string =>
  `row:${sourceRef}:${entryIndex}`;

/**
 * An id for a bad row where `taken` is another row's: results of an earlier run, used as a source,
 * may have these ids.
 */
export const idOfBadRowBeside = (sourceRef: string, entryIndex: number, taken: string): string => {
  const first = idOfBadRow(sourceRef, entryIndex);
  if (taken === first) return `${first}~2`;
  const again = taken.startsWith(first)
    ? /^~([1-9][0-9]{0,8})$/.exec(taken.slice(first.length))
    : null;
  return again === null ? first : `${first}~${Number(again[1]) + 1}`;
};

/** Rows read from the source in one effect. */
export const ingestRowsMax = 5_000;

/** The next slice of the source. */
export const ingestDue = (
  { control, ingest }: RunSnapshot,
  { isDue }: DueKeys,
): readonly Effect[] =>
  control.state === 'running' && !ingest.isComplete && isDue(ingestKey)
    ? [
        {
          type: 'IngestSlice',
          checkpoint: ingest.checkpoint,
          fromIndex: ingest.itemCount,
          rowsMax: ingestRowsMax,
        },
      ]
    : [];

/** Rows that end with the row that was sent for them. */
export const shareDue = (snapshot: RunSnapshot, { isDue }: DueKeys): readonly Effect[] =>
  isShareDue(snapshot) && isDue(sharedKey)
    ? [{ type: 'SettleShared', from: snapshot.sharing.until, rowsMax: sliceRowsMax }]
    : [];
