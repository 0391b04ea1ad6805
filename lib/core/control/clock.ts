import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { UnconfirmedCreate } from '../model/batch.ts';
import type { CommandOf } from '../model/command.ts';
import type { Event, EventOf } from '../model/event.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * A step of the wall clock that is at least so large is reported. Smaller ones add up until they
 * are.
 */
export const clockJumpMsMin = 5_000;

/**
 * The wall clock was set while the run was driven, or the machine slept: `byMs` is how far it went
 * beyond the time that passed.
 */
export const decideClockJump = (
  { clock }: RunSnapshot,
  { byMs, atMs }: CommandOf<'RecordClockJump'>,
): Either<Rejection, readonly Event[]> => {
  if (!Number.isSafeInteger(byMs) || byMs === 0)
    return left({
      type: 'malformed_command',
      message: 'a jump of the clock is a whole number of milliseconds, other than 0',
    });
  // The same jump was recorded before.
  if (clock?.byMs === byMs && clock.atMs === atMs) return left({ type: 'nothing_to_change' });
  return right([{ type: 'ClockJumped', atMs, byMs }]);
};

/**
 * The clock jump that an owner finds when it opens the run: the clock went back if the last commit
 * is in the future.
 */
export const clockWentBack = ({ updatedAtMs }: RunSnapshot, atMs: number): readonly Event[] =>
  updatedAtMs - atMs >= clockJumpMsMin
    ? [{ type: 'ClockJumped', atMs, byMs: Math.round(atMs - updatedAtMs) }]
    : [];

/**
 * Graces move with the clock, so that none is shorter, or longer, than it was. Other due times move
 * only back: what is due early is asked for once too often. Rows in backoff keep their bucket,
 * which is due at once where it lies too far ahead.
 */
export const clockJumped = (
  s: RunSnapshot,
  { byMs, atMs }: EventOf<'ClockJumped'>,
): RunSnapshot => {
  const backMs = Math.min(0, byMs);
  return {
    ...s,
    clock: { jumps: (s.clock?.jumps ?? 0) + 1, byMs, atMs },
    live: s.live.map((batch) => ({
      ...batch,
      dueAtMs: batch.dueAtMs + backMs,
      uploadedAtMs: batch.uploadedAtMs === null ? null : batch.uploadedAtMs + byMs,
      newsAtMs: batch.newsAtMs === null ? null : batch.newsAtMs + byMs,
      doubt: batch.doubt === null ? null : movedUnconfirmed(batch.doubt, byMs),
    })),
    strays: s.strays.map((duplicate) => ({ ...duplicate, dueAtMs: duplicate.dueAtMs + backMs })),
    unfenced: s.unfenced.map((create) => ({
      ...create,
      sentAtMs: create.sentAtMs + byMs,
      dueAtMs: create.dueAtMs === null ? null : create.dueAtMs + backMs,
    })),
    faults: s.faults.map((record) => ({ ...record, dueAtMs: record.dueAtMs + backMs })),
    createsPaidUntilMs: Math.max(0, s.createsPaidUntilMs + backMs),
    queue: {
      ...s.queue,
      refusals:
        s.queue.refusals === null
          ? null
          : {
              ...s.queue.refusals,
              sinceMs: s.queue.refusals.sinceMs + byMs,
              untilMs: s.queue.refusals.untilMs + backMs,
            },
    },
  };
};

/** `fileCreatedAtMs` is of the provider's clock, and stays. */
const movedUnconfirmed = (unconfirmed: UnconfirmedCreate, byMs: number): UnconfirmedCreate => ({
  ...unconfirmed,
  sinceMs: unconfirmed.sinceMs + byMs,
  absentAtMs: unconfirmed.absentAtMs === null ? null : unconfirmed.absentAtMs + byMs,
  dueAtMs: unconfirmed.dueAtMs + Math.min(0, byMs),
});
