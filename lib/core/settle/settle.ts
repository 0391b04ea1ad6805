import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isLeftAsItIs } from '../model/adopted.ts';
import { nextAdopted } from '../model/adopting.ts';
import type { BatchEnding, LiveBatch, SettlePosition } from '../model/batch.ts';
import { canaryVerdict, pausesOfQuality } from '../faults/breaker.ts';
import type { CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event, FailedRows, RetriedRows } from '../model/event.ts';
import {
  codeOfFailure,
  failureAction,
  type FailureClass,
  failureOfCode,
} from '../values/failure.ts';
import { addFailures, judgedIn } from '../values/judged.ts';
import { presumedOf } from '../money/money.ts';
import { classOfRefused, pauseOfStreak, streakAfter } from '../submit/named-lines.ts';
import type { NamedStreak } from '../model/named-streak.ts';
import type { Rejection } from '../model/rejection.ts';
import type { BackoffBucket, RunSnapshot } from '../model/snapshot.ts';
import { findBatch } from '../submit/submit.ts';
import { isBucketDue, verdictOf } from './verdict.ts';

type Decision = Either<Rejection, readonly Event[]>;

const settlingBatch = (
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

/**
 * The failure class of a row that no line of the batch answers. `failureNumber`: its 1-based line
 * in the input file; null: not known.
 */
export const classOfMissing = (ending: BatchEnding, failureNumber: number | null): FailureClass => {
  switch (ending.type) {
    case 'completed':
    case 'given_up':
      return 'missing_result';
    case 'expired':
      return 'batch_expired';
    case 'cancelled':
      return 'batch_cancelled';
    case 'rejected':
      switch (ending.rejection?.type) {
        case 'over_capacity':
          return 'over_capacity';
        case 'insufficient_quota':
          return 'insufficient_quota';
        case 'too_large':
          // One request cannot be cut.
          return failureNumber !== null && ending.rejection.lines.includes(failureNumber)
            ? 'request_too_large'
            : 'batch_rejected';
        case 'invalid_lines':
          return failureNumber !== null && ending.rejection.lines.includes(failureNumber)
            ? classOfRefused(ending.rejection.said.find(({ line }) => line === failureNumber))
            : 'batch_rejected';
        default:
          return 'batch_rejected';
      }
  }
};

const haveOneLength = (columns: readonly ArrayLike<number>[]): boolean =>
  columns.every((column) => column.length === columns[0]?.length);

/**
 * What the slice claims must be what the batch has left: the last one settles every row of it, no
 * other is empty.
 */
const faultOfRest = (
  batch: LiveBatch,
  { rows, codes, parts, offsets, lengths, outputTokens = codes }: CommandOf<'SettleRest'>,
): Rejection | null => {
  if (
    !haveOneLength([
      rows.indexes,
      rows.charged,
      rows.uncharged,
      codes,
      parts,
      offsets,
      lengths,
      outputTokens,
    ])
  )
    return { type: 'malformed_command', message: 'columns of a slice have one length' };
  const count = rows.indexes.length;
  const unsettled = batch.requests - batch.settledRows;
  if (count > unsettled || (rows.isLast && count !== unsettled))
    return { type: 'stale_slice', expected: unsettled, given: count };
  return count === 0 && !rows.isLast
    ? { type: 'malformed_command', message: 'a slice of the rest moves on' }
    : null;
};

/**
 * Rows that no success settled, in index order: each fails or is sent again, by its failure class.
 * The last slice settles the batch.
 */
export const decideSettleRest = (
  snapshot: RunSnapshot,
  command: CommandOf<'SettleRest'>,
): Decision => {
  const found = settlingBatch(snapshot, command, { part: 'rest', offset: command.fromIndex });
  if (found._tag === 'Left') return found;
  const batch = found.right;
  const { ending } = batch;
  if (ending === null)
    return left({ type: 'wrong_phase', batchKey: batch.batchKey, phase: batch.phase });
  const { rows, atMs } = command;
  const fault = faultOfRest(batch, command);
  if (fault !== null) return left(fault);
  const failed = {
    indexes: [] as number[],
    codes: [] as number[],
    parts: [] as number[],
    offsets: [] as number[],
    lengths: [] as number[],
    charged: [] as number[],
  };
  const retried = {
    indexes: [] as number[],
    codes: [] as number[],
    charged: [] as number[],
    dueAtMs: [] as number[],
  };
  let isOutOfMoney = false;
  let { missingRows } = batch;
  // Without files the rest is the whole batch, so that its rows count as the lines of the input
  // file do.
  const isUntouched = !batch.files?.output && !batch.files?.error;
  for (let place = 0; place < rows.indexes.length; place += 1) {
    const index = rows.indexes[place] as number;
    const code = command.codes[place] as number;
    const failureClass =
      code < 0
        ? classOfMissing(ending, isUntouched ? batch.settledRows + place + 1 : null)
        : failureOfCode(code);
    const row = {
      charged: rows.charged[place] as number,
      uncharged: rows.uncharged[place] as number,
      outputTokens: command.outputTokens?.[place] ?? -1,
    };
    const verdict = verdictOf(snapshot, batch, failureClass, row, atMs);
    isOutOfMoney ||= failureAction(failureClass) === 'pause';
    if ((verdict.type === 'retry' ? failureClass : verdict.failureClass) === 'missing_result')
      missingRows += 1;
    if (verdict.type === 'retry') {
      retried.indexes.push(index);
      retried.codes.push(codeOfFailure(failureClass));
      retried.charged.push(verdict.charged);
      retried.dueAtMs.push(verdict.dueAtMs);
    } else {
      failed.indexes.push(index);
      failed.codes.push(codeOfFailure(verdict.failureClass));
      failed.charged.push(verdict.charged);
      failed.parts.push(command.parts[place] as number);
      failed.offsets.push(command.offsets[place] as number);
      failed.lengths.push(command.lengths[place] as number);
    }
  }
  // Nothing is sent for its rows, so that nothing has to be kept from being sent.
  const mayPause = !isLeftAsItIs(snapshot.config, batch.batchNo);
  const isLost = rows.isLast && mayPause && hasLostMost(batch, ending, missingRows);
  const failures = addFailures(addFailures(batch.failures, judgedIn(failed)), judgedIn(retried));
  const settledBatch: LiveBatch = { ...batch, failures };
  const last = rows.indexes[rows.indexes.length - 1];
  const news = rows.isLast && ending.rejection?.type === 'invalid_lines' ? ending.rejection : null;
  const index = failed.indexes.length === 1 ? (failed.indexes[0] as number) : null;
  const streak =
    news === null
      ? null
      : streakAfter(snapshot.named, { said: news.said, index, isAgain: isRefusedAgain(rows) });
  const named = streak ?? keptStreak(snapshot, ending);
  return right([
    {
      type: 'ItemsSettled',
      atMs,
      batchKey: batch.batchKey,
      batchNo: batch.batchNo,
      outputObject: batch.files?.output?.object ?? null,
      errorObject: batch.files?.error?.object ?? null,
      failed: failed satisfies FailedRows,
      retried: retried satisfies RetriedRows,
      buckets: bucketsOf(retried.dueAtMs),
      sequenceFrom: snapshot.resultSequence + 1,
      position: { part: 'rest', offset: last === undefined ? command.fromIndex : last + 1 },
    },
    ...(rows.isLast
      ? [
          {
            type: 'BatchSettled',
            atMs,
            batchKey: batch.batchKey,
            // Lines that the provider names are dropped, and the rest continues: that is no refusal
            // of the whole batch.
            wasRejected: mayPause && ending.rejection?.type === 'other',
            wasLost: isLost,
            presumed: presumedOf(snapshot, settledBatch),
            canary: canaryVerdict(snapshot, settledBatch),
            named,
          } as const,
        ]
      : []),
    ...(rows.isLast && mayPause ? pausesOfQuality(snapshot, settledBatch, atMs) : []),
    ...(streak !== null && mayPause
      ? pauseOfStreak(snapshot, streak, ending.rejection?.message ?? '', atMs)
      : []),
    ...(isLost ? pauseOfLoss(snapshot, batch, missingRows, atMs) : []),
    ...(isOutOfMoney && mayPause
      ? pauseEvents(
          snapshot,
          'insufficient_quota',
          'the provider says that the account is out of money',
          atMs,
        )
      : []),
  ]);
};

/** Refusals for capacity or money are not about lines; an accepted batch ends the streak. */
const keptStreak = ({ named }: RunSnapshot, { rejection }: BatchEnding): NamedStreak | null =>
  rejection === null ? null : named;

/**
 * By the last slice: batches are packed in the order of rows, and those that come again stand
 * first.
 */
const isRefusedAgain = ({ uncharged }: CommandOf<'SettleRest'>['rows']): boolean =>
  uncharged.length > 0 && Array.from(uncharged).every((count) => count > 0);

/** Fewer rows than these may be missing without a pause: their ceiling of attempts is enough. */
const lostRowsMin = 100;
const lostBatchesMax = 2;
/** From this many missing rows on batchor asks the operator before it sends them again. */
const lostRowsMax = 1_000;

/**
 * A completed batch without its answers: retrying will bill its rows again. Where an operator
 * has said so, that was the answer to this very question.
 */
const hasLostMost = (batch: LiveBatch, ending: BatchEnding, missing: number): boolean =>
  !batch.isSwornLost &&
  ending.type === 'completed' &&
  missing >= lostRowsMin &&
  missing * 2 >= batch.requests;

const pauseOfLoss = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  missing: number,
  atMs: number,
): readonly Event[] => {
  const count = snapshot.lostStreak + 1;
  if (count < lostBatchesMax && missing < lostRowsMax) return [];
  const message = `batch ${batch.providerBatchId} was completed, and ${missing} of its ${batch.requests} answers are not there (${count} such batches in a row): asked again, its rows are paid for again`;
  return pauseEvents(snapshot, 'results_unavailable', message, atMs);
};

const bucketsOf = (dueAtMs: readonly number[]): readonly BackoffBucket[] => {
  const counts = new Map<number, number>();
  for (const due of dueAtMs) counts.set(due, (counts.get(due) ?? 0) + 1);
  return [...counts]
    .map(([due, count]) => ({ dueAtMs: due, count }))
    .sort((a, b) => a.dueAtMs - b.dueAtMs);
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
