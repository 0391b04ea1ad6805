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
export const classOfRefused = (line: RefusedLine | undefined): FailureClass => line?.failureClass ?? 'invalid_request';

/** Where a code is shared, a service that checks from the top names the first lines: nothing in front of them was good. */
const isFront = (said: readonly RefusedLine[]): boolean => said.every(({ line }, i) => line === i + 1);

/** `isAgain`: the batch holds only rows whose batch was refused before. */
export const streakAfter = (known: NamedStreak | null, { said }: Pick<BatchRejection, 'said'>, isAgain: boolean): NamedStreak | null => {
  const code = codeOf(said);
  if (code === null) return null;
  if (known?.code !== code) return { code, count: 1, total: 1 };
  return { code, count: known.count + (isAgain || isFront(said) ? 1 : 0), total: known.total + 1 };
};

/**
 * A refusal that names every line of a batch, for one reason, is one of the whole batch: no row is dropped for it. So is one that names no line
 * of it: it goes again as it was, and only its being refused can be counted.
 */
export const wholeRefusal = (ending: BatchEnding, requests: number): BatchEnding => {
  const { rejection } = ending;
  // Too large a file is nothing against a line of it, unless it has no other.
  if (rejection?.type === 'too_large' && requests > 1) return { ...ending, rejection: { ...rejection, lines: [], said: [] } };
  const isWhole =
    rejection?.type === 'invalid_lines' &&
    (namesNone(rejection, requests) || (requests > 1 && rejection.said.length === requests && codeOf(rejection.said) !== null));
  return isWhole ? { ...ending, rejection: { ...rejection, type: 'other' } } : ending;
};

const namesNone = ({ lines }: BatchRejection, requests: number): boolean => !lines.some((line) => line >= 1 && line <= requests);

/** The pause that the streak gives reason for, if any. */
export const pauseOfStreak = (snapshot: RunSnapshot, streak: NamedStreak | null, message: string, atMs: number): readonly Event[] => {
  const { failedBatchesMax } = snapshot.config.operation.circuitBreaker;
  if (streak === null || streak.count < failedBatchesMax) return [];
  const why =
    `${streak.count} batches in a row were refused for ${streak.code === '' ? 'the same lines' : `"${streak.code}"`}, each on lines that the provider named; ` +
    `those rows are dropped, and the others may share the reason: ${message}`;
  return pauseEvents(snapshot, 'circuit_open', why, atMs);
};
