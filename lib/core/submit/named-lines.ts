import type { BatchEnding, BatchRejection, RefusedLine } from '../model/batch.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import type { NamedStreak } from '../model/named-streak.ts';
import type { FailureClass } from '../values/failure.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** The one code of all lines, or null: then it is not one fault that they share. */
const codeOf = (said: readonly RefusedLine[]): string | null => {
  const [first] = said;
  const code = first?.code ?? '';
  return first !== undefined && said.every((line) => (line.code ?? '') === code) ? code : null;
};

/** The failure of the row whose line was refused. */
export const classOfRefused = (line: RefusedLine | undefined): FailureClass =>
  line?.failureClass ?? 'invalid_request';

/**
 * Where a code is shared, a service that checks from the top names the first lines: nothing in
 * front of them was good.
 */
const isFront = (said: readonly RefusedLine[]): boolean =>
  said.every(({ line }, i) => line === i + 1);

interface NamedNow {
  readonly said: readonly RefusedLine[];
  /** The row of the only line that is named; null: several, or not known. */
  readonly index: number | null;
  /** The batch holds only rows whose batch was refused before. */
  readonly isAgain: boolean;
}

export const streakAfter = (
  known: NamedStreak | null,
  { said, index, isAgain }: NamedNow,
): NamedStreak => {
  const code = codeOf(said);
  const sharesReason = isAgain || isFront(said) ? 1 : 0;
  const [only] = said;
  const last =
    only !== undefined && said.length === 1 && index !== null ? { line: only.line, index } : null;
  const before = known?.last ?? null;
  return {
    code: code ?? '',
    count: code === null ? 0 : known?.code === code ? known.count + sharesReason : 1,
    total: (known?.total ?? 0) + 1,
    likely: known === null ? 1 : known.likely + sharesReason,
    last,
    isReceding:
      last !== null &&
      before !== null &&
      last.line === before.line - 1 &&
      last.index === before.index - 1,
  };
};

/**
 * A refusal that names every line of a batch, for one reason, is one of the whole batch: no row is
 * dropped for it. So is one that names no line of it: it is sent again unchanged, and only the
 * refusal is counted.
 */
export const wholeRefusal = (ending: BatchEnding, requests: number): BatchEnding => {
  const { rejection } = ending;
  // Too large a file is nothing against a line of it, unless it has no other.
  if (rejection?.type === 'too_large' && requests > 1)
    return { ...ending, rejection: { ...rejection, lines: [], said: [] } };
  const isWhole =
    rejection?.type === 'invalid_lines' &&
    (namesNone(rejection, requests) ||
      (requests > 1 && rejection.said.length === requests && codeOf(rejection.said) !== null));
  return isWhole ? { ...ending, rejection: { ...rejection, type: 'other' } } : ending;
};

const namesNone = ({ lines }: BatchRejection, requests: number): boolean =>
  !lines.some((line) => line >= 1 && line <= requests);

/**
 * Refusals for changing reasons are more likely to be about single rows: this many times as many
 * are allowed before a pause.
 */
const likelyPerFailedBatch = 2;

/** The pause that the streak gives reason for, if any. */
export const pauseOfStreak = (
  snapshot: RunSnapshot,
  streak: NamedStreak,
  message: string,
  atMs: number,
): readonly Event[] => {
  const why = reasonToPause(streak, snapshot.config.operation.circuitBreaker.failedBatchesMax);
  return why === null ? [] : pauseEvents(snapshot, 'circuit_open', `${why}: ${message}`, atMs);
};

const reasonToPause = (
  { code, count, likely, last, isReceding }: NamedStreak,
  failedBatchesMax: number,
): string | null => {
  const named =
    'each on lines that the provider named; those rows are dropped, and the others may share the reason';
  if (isReceding && last !== null) {
    const lines = `line ${last.line + 1}, and then, without it, line ${last.line}`;
    return `the provider named ${lines}: does it count lines from 0? Then the rows that were dropped are good ones, and the next one is at fault`;
  }
  if (count >= failedBatchesMax)
    return `${count} batches in a row were refused for ${code === '' ? 'the same lines' : `"${code}"`}, ${named}`;
  if (likely < failedBatchesMax * likelyPerFailedBatch) return null;
  return `${likely} batches in a row were refused for one reason after the other, ${named}`;
};
