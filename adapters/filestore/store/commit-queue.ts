import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Event } from '../../../lib/core/model/event.ts';
import { evolve } from '../../../lib/core/machine/evolve.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isWithin, type Reservation, reservationOf } from '../../../lib/core/plan/quota.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type { OwnedRun, QuotaGuard } from '../../../lib/ports/run-store.ts';
import { ioError } from '../../filesystem/index.ts';
import type { Reservations } from '../quota/reservations.ts';
import type { ReservationFile } from '../quota/reservation-file.ts';
import type { Shown } from './run-reader.ts';

export interface CommitQueueOptions {
  readonly runId: RunId;
  readonly folder: string;
  readonly shown: Shown;
  readonly ownReservation: ReservationFile;
  readonly reservations: Reservations;
  /** Makes the events durable. */
  readonly send: (expectedVersion: number, events: readonly Event[]) => Port<unknown>;
  /** Why this owner no longer owns the run; null while it does. */
  readonly leaseFault: () => PortError | null;
  readonly onCommitted: (snapshot: RunSnapshot) => void;
}

/**
 * The commits of one owner, in call order. A commit that leaves the run's reservation unchanged
 * lets the next one start before it is durable.
 */
export interface CommitQueue {
  readonly commit: OwnedRun['commit'];
  /** Resolves once no commit that changes the reservation is in flight. */
  idle(): Promise<void>;
}

/**
 * Milliseconds, half of the silence after which others take an owner for dead. A claim older than
 * this may already be ignored.
 */
const claimLifeMs = 10_000;
/**
 * After any other error the events may be on the disk, so the claim stays. If this owner dies,
 * other runs read this run's journal to find out.
 */
const isCertainlyUnwritten = (error: PortError): boolean =>
  ['stale_version', 'corrupt', 'refused', 'quota_taken'].includes(error.type);

export const createCommitQueue = (options: CommitQueueOptions): CommitQueue => {
  const { shown } = options;
  /** The snapshot after every commit in flight succeeds. */
  let ahead = shown.snapshot;
  let tail: Promise<void> = Promise.resolve();
  return {
    commit: (expectedVersion, events, guard) => async () => {
      if (expectedVersion !== ahead.version)
        return left({ type: 'stale_version', expected: expectedVersion, found: ahead.version });
      const after = foresee(ahead, events);
      if (after !== null) ahead = after.snapshot;
      const turn = tail;
      let next = (): void => undefined;
      tail = new Promise((resolve) => (next = resolve));
      await turn;
      try {
        // The events do not fit the snapshot: the worker thread answers with the reason.
        const done =
          after === null
            ? isLeftOr(await options.send(expectedVersion, events)(), shown.snapshot)
            : await commitForeseen(options, { expectedVersion, events, guard }, after, next);
        if (isLeft(done)) ahead = shown.snapshot;
        else if (ahead.version < done.right.version) ahead = done.right;
        return done;
      } finally {
        next();
      }
    },
    idle: () => tail,
  };
};

interface Commit {
  readonly expectedVersion: number;
  readonly events: readonly Event[];
  readonly guard: QuotaGuard | undefined;
}

/** Announces what the run is about to take, sends the events, and settles what it holds. */
const commitForeseen = async (
  options: CommitQueueOptions,
  { expectedVersion, events, guard }: Commit,
  { snapshot, now }: Foreseen,
  next: () => void,
): Promise<Either<PortError, RunSnapshot>> => {
  const { ownReservation, folder, shown, send, leaseFault, onCommitted } = options;
  const grows = ownReservation.grows(now);
  const begunMs = performance.now();
  try {
    if (grows) await ownReservation.announce(now);
  } catch (cause) {
    // A new owner of the run removes the files that this owner was writing.
    const lost = leaseFault();
    if (lost !== null) return left(lost);
    await ownReservation.withdraw();
    return left(ioError('announce the reservation of', folder, cause));
  }
  const taken =
    guard === undefined ? null : await capacityError(options, snapshot, now, guard, begunMs);
  const isNews = grows || ownReservation.isNews(now);
  const answering = taken === null ? send(expectedVersion, events)() : Promise.resolve(left(taken));
  if (!isNews) next();
  const answer = await answering;
  if (isLeft(answer)) {
    if (grows && (taken !== null || isCertainlyUnwritten(answer.left)))
      await ownReservation.withdraw();
    return answer;
  }
  shown.snapshot = snapshot;
  onCommitted(snapshot);
  if (isNews) await ownReservation.settle(now);
  return right(snapshot);
};

/** Why other runs leave too little capacity; null when it suffices. */
const capacityError = async (
  { runId, reservations }: CommitQueueOptions,
  after: RunSnapshot,
  { scope }: Reservation,
  guard: QuotaGuard,
  begunMs: number,
): Promise<PortError | null> => {
  const others = await reservations.others(runId, scope, after.updatedAtMs)();
  if (isLeft(others)) return others.left;
  const { tokens, requests } = others.right;
  if (!isWithin(others.right, guard.others))
    return {
      type: 'quota_taken',
      message: `other runs of ${scope} hold ${tokens} tokens in ${requests} requests`,
    };
  return performance.now() - begunMs < claimLifeMs
    ? null
    : { type: 'quota_taken', message: `checking the other runs of ${scope} took too long` };
};

/** The snapshot after the events, and its reservation. */
interface Foreseen {
  readonly snapshot: RunSnapshot;
  readonly now: Reservation;
}
const foresee = (before: RunSnapshot, events: readonly Event[]): Foreseen | null => {
  try {
    const snapshot = events.reduce(evolve, before);
    return { snapshot, now: reservationOf(snapshot) };
  } catch {
    return null;
  }
};

const isLeftOr = <A>(answer: Either<PortError, unknown>, value: A): Either<PortError, A> =>
  isLeft(answer) ? answer : right(value);
