import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isLeftAsItIs } from '../model/adopted.ts';
import type { BatchEnding, LiveBatch } from '../model/batch.ts';
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
import { verdictOf } from './verdict.ts';
import { haveOneLength, settlingBatch } from './settle.ts';

type Decision = Either<Rejection, readonly Event[]>;

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
  const fault = faultOfRest(batch, command);
  if (fault !== null) return left(fault);
  const sorted = sortedRest(snapshot, batch, ending, command);
  return right([
    restSettled(snapshot, batch, command, sorted),
    ...endOfBatch(snapshot, batch, ending, command, sorted),
  ]);
};

/** The rest of a slice by its verdicts, as columns. */
interface SortedRest {
  readonly failed: FailedRows;
  readonly retried: RetriedRows;
  readonly buckets: readonly BackoffBucket[];
  /** The provider says of a row that the account has no money. */
  readonly isOutOfMoney: boolean;
  /** Rows of the batch without an answer, up to the end of this slice. */
  readonly missingRows: number;
}

const sortedRest = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  ending: BatchEnding,
  command: CommandOf<'SettleRest'>,
): SortedRest => {
  const { rows, atMs } = command;
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
  return { failed, retried, buckets: bucketsOf(retried.dueAtMs), isOutOfMoney, missingRows };
};

const restSettled = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { rows, atMs, fromIndex }: CommandOf<'SettleRest'>,
  { failed, retried, buckets }: SortedRest,
): Event => {
  const last = rows.indexes[rows.indexes.length - 1];
  return {
    type: 'ItemsSettled',
    atMs,
    batchKey: batch.batchKey,
    batchNo: batch.batchNo,
    outputObject: batch.files?.output?.object ?? null,
    errorObject: batch.files?.error?.object ?? null,
    failed,
    retried,
    buckets,
    sequenceFrom: snapshot.resultSequence + 1,
    position: { part: 'rest', offset: last === undefined ? fromIndex : last + 1 },
  };
};

/** The last slice ends the batch; what it shows of the run's quality or money may pause the run. */
const endOfBatch = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  ending: BatchEnding,
  { rows, atMs }: CommandOf<'SettleRest'>,
  { failed, retried, isOutOfMoney, missingRows }: SortedRest,
): readonly Event[] => {
  // Nothing is sent for its rows, so that nothing has to be kept from being sent.
  const mayPause = !isLeftAsItIs(snapshot.config, batch.batchNo);
  const isLost = rows.isLast && mayPause && hasLostMost(batch, ending, missingRows);
  const failures = addFailures(addFailures(batch.failures, judgedIn(failed)), judgedIn(retried));
  const settledBatch: LiveBatch = { ...batch, failures };
  const news = rows.isLast && ending.rejection?.type === 'invalid_lines' ? ending.rejection : null;
  const index = failed.indexes.length === 1 ? (failed.indexes[0] as number) : null;
  const streak =
    news === null
      ? null
      : streakAfter(snapshot.named, { said: news.said, index, isAgain: isRefusedAgain(rows) });
  const named = streak ?? keptStreak(snapshot, ending);
  return [
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
  ];
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
