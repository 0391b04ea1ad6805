import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { nextAdopted } from '../model/adopting.ts';
import type { LiveBatch, SettlePosition } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isBucketDue, bucketsDueMs, dueBucket } from './verdict.ts';
import { findBatch } from '../submit/submit.ts';
import type { DueKeys } from '../faults/fault-wait.ts';
import { type Effect, requeueKey } from '../model/effect.ts';
import { sliceRowsMax } from '../values/limits.ts';

type Decision = Either<Rejection, readonly Event[]>;

/**
 * The position behind a slice: further on in the file, in the next file, or at the rows without a
 * line.
 */
const positionAfter = (batch: LiveBatch, command: CommandOf<'SettleSlice'>): SettlePosition => {
  if (!command.isEndOfFile) return { part: command.part, offset: command.toOffset };
  return command.part === 'output' && batch.files?.error
    ? { part: 'error', offset: 0 }
    : { part: 'rest', offset: 0 };
};

/**
 * Successes settle with their slice; the first in (output, error) file order wins, later ones are
 * counted as duplicates. Failures wait for the rest, so that a success anywhere wins over them.
 * O(slice).
 */
export const decideSettleSlice = (
  snapshot: RunSnapshot,
  command: CommandOf<'SettleSlice'>,
): Decision => {
  const found = settlingBatch(snapshot, command, {
    part: command.part,
    offset: command.fromOffset,
  });
  if (found._tag === 'Left') return found;
  const batch = found.right;
  const file = batch.files?.[command.part];
  if (!file || (command.toOffset <= command.fromOffset && !command.isEndOfFile))
    return left({ type: 'malformed_command', message: 'a slice of a file moves on' });
  const { lines, open } = command;
  if (!haveOneLength([lines.indexes, lines.offsets, lines.lengths, open]))
    return left({ type: 'malformed_command', message: 'columns of a slice have one length' });
  const kept = keepFirstOpen(lines.indexes, open);
  const unsettled = batch.requests - batch.settledRows;
  if (kept.length > unsettled)
    return left({ type: 'stale_slice', expected: unsettled, given: kept.length });
  const isWhole = kept.length === lines.indexes.length;
  const pick = (column: ArrayLike<number>): ArrayLike<number> =>
    isWhole ? column : kept.map((place) => column[place] as number);
  return right([
    {
      type: 'ItemsCompleted',
      atMs: command.atMs,
      batchKey: batch.batchKey,
      batchNo: batch.batchNo,
      object: file.object,
      lines: {
        indexes: pick(lines.indexes),
        offsets: pick(lines.offsets),
        lengths: pick(lines.lengths),
      },
      sequenceFrom: snapshot.resultSequence + 1,
      position: positionAfter(batch, command),
      usage: command.usage,
      malformedCount: command.malformedCount,
      unknownCount: command.unknownCount,
      duplicateCount: lines.indexes.length - kept.length,
    },
  ]);
};

const keepFirstOpen = (indexes: ArrayLike<number>, open: ArrayLike<number>): readonly number[] => {
  const seen = new Set<number>();
  const kept: number[] = [];
  for (let place = 0; place < indexes.length; place += 1) {
    const index = indexes[place] as number;
    if (open[place] !== 1 || seen.has(index)) continue;
    seen.add(index);
    kept.push(place);
  }
  return kept;
};

/** Rows whose backoff has passed go back to pending; all of them at once while cancelling. */
export const decideRequeue = (
  snapshot: RunSnapshot,
  command: CommandOf<'RequeueRows'>,
): Decision => {
  const { dueAtMs, rows, atMs } = command;
  const bucket = snapshot.backoff.find((candidate) => candidate.dueAtMs === dueAtMs);
  if (bucket === undefined)
    return left({ type: 'stale_slice', expected: 'a bucket', given: dueAtMs });
  if (rows.indexes.length === 0 || rows.indexes.length > bucket.count)
    return left({ type: 'stale_slice', expected: bucket.count, given: rows.indexes.length });
  // The rows in front are those of the batch that is adopted next.
  if (nextAdopted(snapshot) !== null && snapshot.control.state !== 'cancel_requested')
    return left({ type: 'not_while', control: 'adopting' });
  if (!isBucketDue(snapshot, bucket, atMs) && snapshot.control.state !== 'cancel_requested')
    return left({ type: 'not_while', control: 'backoff' });
  let bytes = 0;
  let tokens = 0;
  for (let i = 0; i < rows.indexes.length; i += 1) {
    bytes += rows.bytes[i] as number;
    tokens += rows.tokens === null ? 0 : (rows.tokens[i] as number);
  }
  return right([{ type: 'ItemsRequeued', atMs, dueAtMs, indexes: rows.indexes, bytes, tokens }]);
};

/** The batch that the slice is of, at the position that it begins at. */
export const settlingBatch = (
  snapshot: RunSnapshot,
  command: CommandOf<'SettleSlice'> | CommandOf<'SettleRest'>,
  at: SettlePosition,
): Either<Rejection, LiveBatch> => {
  const { batchKey } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  if (batch.phase !== 'ended' || batch.files === null)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const { position } = batch;
  if (position.part !== at.part || position.offset !== at.offset) {
    return left({
      type: 'stale_slice',
      expected: `${position.part}@${position.offset}`,
      given: `${at.part}@${at.offset}`,
    });
  }
  return right(batch);
};

export const haveOneLength = (columns: readonly ArrayLike<number>[]): boolean =>
  columns.every((column) => column.length === columns[0]?.length);

/** The next slice of a batch whose files are stored. */
export const settleDue = ({
  phase,
  files,
  batchKey,
  batchNo,
  position,
}: LiveBatch): readonly Effect[] =>
  phase === 'ended' && files !== null
    ? [{ type: 'SettleSlice', batchKey, batchNo, position, rowsMax: sliceRowsMax }]
    : [];

/**
 * Rows whose backoff has passed; all of them in a run that is being cancelled, none in one that is
 * paused.
 */
export const requeueDue = (
  snapshot: RunSnapshot,
  { isDue }: DueKeys,
  nowMs: number,
): readonly Effect[] => {
  const { control, backoff } = snapshot;
  // While batches are adopted, the rows in front are those of the next of them.
  if (control.state !== 'cancel_requested' && nextAdopted(snapshot) !== null) return [];
  const ripe = control.state === 'cancel_requested' ? backoff[0] : dueBucket(snapshot, nowMs);
  return ripe !== undefined && ripe !== null && control.state !== 'paused' && isDue(requeueKey)
    ? [{ type: 'RequeueRows', dueAtMs: ripe.dueAtMs, rowsMax: sliceRowsMax }]
    : [];
};

/** When the next rows have waited long enough. */
export const requeueTimes = (snapshot: RunSnapshot, nowMs: number): readonly number[] => [
  bucketsDueMs(snapshot, nowMs) ?? nowMs,
];
