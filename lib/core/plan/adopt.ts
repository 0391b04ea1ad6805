import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { AdoptedRange } from '../model/adopted.ts';
import { isWholeToAdopt, nextAdopted } from '../model/adopting.ts';
import type { CommandOf, PlanWindow } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { staleWindow } from './plan.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * The rows in front become those of the next batch that was created elsewhere, which exists at the
 * provider: nothing is uploaded or created. Refused unless they are exactly the lines of that
 * batch: its answers would land on other rows.
 */
export const decideAdoptBatch = (
  snapshot: RunSnapshot,
  command: CommandOf<'AdoptBatch'>,
): Either<Rejection, readonly Event[]> => {
  const { window, newBatchKey, atMs } = command;
  if (snapshot.control.state !== 'running')
    return left({ type: 'not_while', control: snapshot.control.state });
  const next = nextAdopted(snapshot);
  if (next === null || !isWholeToAdopt(snapshot, next)) return left({ type: 'nothing_to_change' });
  const stale = staleWindow(snapshot, window);
  if (stale !== null) return left(stale);
  if (snapshot.live.some((batch) => batch.batchKey === newBatchKey))
    return left({ type: 'malformed_command', message: 'a batch key is used once' });
  const { batch, batchNo } = next;
  const { providerBatchId, providerStatus, requests } = batch;
  if (!areItsLines(window, next)) {
    const message = `batch ${providerBatchId} has ${requests} lines by its input file, and not all of them became items: its answers cannot be matched`;
    return right(pauseEvents(snapshot, 'source_changed', message, atMs));
  }
  return right([
    {
      type: 'BatchPlanned',
      atMs,
      batchKey: newBatchKey,
      batchNo,
      indexes: [next.firstIndex, next.firstIndex + requests],
      requests,
      inputBytes: sumOf(window.bytes, requests),
      inputTokens: window.tokens === null ? 0 : sumOf(window.tokens, requests),
    },
    // The first poll comes at once.
    {
      type: 'BatchCreated',
      atMs,
      batchKey: newBatchKey,
      batchNo,
      providerBatchId,
      providerStatus,
      adopted: true,
      requests,
      dueAtMs: atMs,
    },
  ]);
};

/** Neighbours from the first line to the last. */
const areItsLines = ({ indexes }: PlanWindow, { firstIndex, batch }: AdoptedRange): boolean =>
  indexes.length >= batch.requests &&
  indexes[0] === firstIndex &&
  indexes[batch.requests - 1] === firstIndex + batch.requests - 1;

const sumOf = (column: ArrayLike<number>, count: number): number => {
  let sum = 0;
  for (let place = 0; place < count; place += 1) sum += column[place] as number;
  return sum;
};
