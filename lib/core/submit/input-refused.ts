import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { BatchRejection, LiveBatch, RefusedLine } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { codeOfFailure } from '../values/failure.ts';
import { limitAfterRefusal } from '../model/file-limit.ts';
import { batchEffectKey } from '../values/ids.ts';
import { classOfRefused, pauseOfStreak, streakAfter } from './named-lines.ts';
import type { NamedStreak } from '../model/named-streak.ts';
import type { Rejection } from '../model/rejection.ts';
import { faultEvents } from '../faults/fault-events.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { findBatch } from './submit.ts';

/**
 * So many refusals in a row that name a line drop rows one by one, for each batch that may fail
 * validation in a row; each costs an upload.
 */
const stepsPerFailedBatch = 10;

/**
 * The provider refused the input file, at its upload or at the create: for its size, or because of
 * lines that it names. Nothing was created. The batch is dropped, and its rows are sent again at
 * once: in smaller batches, or without the lines that were named.
 */
export const decideInputRefused = (
  snapshot: RunSnapshot,
  command: CommandOf<'RecordInputRefused'>,
): Either<Rejection, readonly Event[]> => {
  const { batchKey, createAttempt, message, atMs } = command;
  const batch = findBatch(snapshot, batchKey);
  if (batch === undefined) return left({ type: 'unknown_batch', batchKey });
  const isAtUpload = batch.phase === 'planned' && batch.createAttempt + 1 === createAttempt;
  const isAtCreate = batch.phase === 'creating' && batch.createAttempt === createAttempt;
  if (!isAtUpload && !isAtCreate)
    return left({ type: 'wrong_phase', batchKey, phase: batch.phase });
  const refused: readonly Event[] = isAtCreate
    ? [{ type: 'CreateRefused', atMs, batchKey, message }]
    : [];
  const events = eventsOf(snapshot, batch, command);
  if (events !== null) return right([...refused, ...events]);
  const faults = faultEvents(snapshot, {
    key: batchEffectKey(batchKey),
    message,
    isAnswer: true,
    retryAfterMs: null,
    atMs,
    batchKey,
  });
  return refused.length + faults.length === 0
    ? left({ type: 'nothing_to_change' })
    : right([...refused, ...faults]);
};

/** Null where it teaches nothing of the rows: then it is a refusal like any other. */
const eventsOf = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  command: CommandOf<'RecordInputRefused'>,
): readonly Event[] | null => {
  const { atMs, isTooLarge, statedBytesMax, message } = command;
  if (isTooLarge && batch.requests > 1) {
    const fileLimit = limitAfterRefusal(snapshot.fileLimit, batch.inputBytes, statedBytesMax);
    return [
      { type: 'FileLimitLearned', atMs, batchKey: batch.batchKey, fileLimit, message },
      dropped(batch, atMs),
    ];
  }
  const named = namedIn(batch, command);
  if (named === null) return null;
  return linesRefused(snapshot, batch, named, command);
};

interface Named {
  readonly said: readonly RefusedLine[];
  readonly indexes: readonly number[];
}

/** The lines that the batch has, each with its row; null where there is none. */
const namedIn = (
  { requests }: LiveBatch,
  { said, indexes }: CommandOf<'RecordInputRefused'>,
): Named | null => {
  const named = said.flatMap(({ line }, i) =>
    line >= 1 && line <= requests && indexes[i] !== undefined ? [i] : [],
  );
  if (named.length === 0) return null;
  return {
    said: named.map((i) => said[i] as RefusedLine),
    indexes: named.map((i) => indexes[i] as number),
  };
};

const linesRefused = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  { said, indexes }: Named,
  { message, atMs, isTooLarge }: CommandOf<'RecordInputRefused'>,
): readonly Event[] => {
  const { batchKey, batchNo } = batch;
  const lines = said.map(({ line }) => line);
  const stated = { statedTokensMax: null, statedRequestsMax: null, statedBytesMax: null };
  const rejection: BatchRejection = { type: 'invalid_lines', message, lines, said, ...stated };
  // A batch of one request cannot be distinguished from one of which the provider checked only the
  // first line.
  const named = streakAfter(snapshot.named, {
    said,
    index: indexes.length === 1 ? (indexes[0] as number) : null,
    isAgain: false,
  });
  const classes = said.map((line) => (isTooLarge ? 'request_too_large' : classOfRefused(line)));
  const refused = [...new Set(classes)].map((failureClass): Event => {
    const own = indexes.filter((_, i) => classes[i] === failureClass);
    return {
      type: 'LinesRefused',
      atMs,
      batchKey,
      batchNo,
      rejection,
      code: codeOfFailure(failureClass),
      indexes: own,
      named,
    };
  });
  return [
    ...refused,
    dropped(batch, atMs),
    ...(endlessSteps(snapshot, named, atMs) ?? pauseOfStreak(snapshot, named, message, atMs)),
  ];
};

/** Lines that are named one at a time, without end: each costs an upload of all that are left. */
const endlessSteps = (
  snapshot: RunSnapshot,
  named: NamedStreak,
  atMs: number,
): readonly Event[] | null => {
  const stepsMax = snapshot.config.operation.circuitBreaker.failedBatchesMax * stepsPerFailedBatch;
  if (named.total < stepsMax) return null;
  const why = `the provider refused ${named.total} input files in a row, and named lines of each${named.code === '' ? '' : ` (the last time for "${named.code}")`}: each refusal drops them, and costs an upload of all that are left`;
  return pauseEvents(snapshot, 'circuit_open', why, atMs);
};

const dropped = (
  { batchKey, batchNo, requests, inputBytes, inputTokens }: LiveBatch,
  atMs: number,
): Event => ({
  type: 'BatchDropped',
  atMs,
  batchKey,
  batchNo,
  requests,
  inputBytes,
  inputTokens,
});
