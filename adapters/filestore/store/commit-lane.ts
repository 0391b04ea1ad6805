import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Event } from '../../../lib/core/model/event.ts';
import { evolve } from '../../../lib/core/machine/evolve.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isWithin, type Reservation, reservationOf } from '../../../lib/core/plan/quota.ts';
import type { RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type { OwnedRun, QuotaGuard } from '../../../lib/ports/run-store.ts';
import { ioError } from '../../filesystem/index.ts';
import type { QuotaBoard } from '../quota/quota-board.ts';
import type { QuotaWord } from '../quota/quota-word.ts';
import type { Shown } from './run-reader.ts';

export interface CommitLaneOptions {
  readonly runId: RunId;
  readonly folder: string;
  readonly shown: Shown;
  readonly word: QuotaWord;
  readonly board: QuotaBoard;
  /** True after: durable. */
  readonly send: (expectedVersion: number, events: readonly Event[]) => Port<unknown>;
  /** Why the run is not this owner's any more; null: it is. */
  readonly leaseFault: () => PortError | null;
  readonly onCommitted: (snapshot: RunSnapshot) => void;
}

/** One owner's commits, in the order in which they were asked for. Those that have nothing to tell to other runs do not wait for each other. */
export interface CommitLane {
  readonly commit: OwnedRun['commit'];
  /** True after: nothing is under way that has something to tell. */
  idle(): Promise<void>;
}

/** Half of the time after which others take a silent owner for dead: whoever slept over its claim may not rely on it. */
const claimLifeMs = 10_000;
/** Of anything else it is not known whether it is on the disk: the claim stands, and whoever finds this owner dead asks the run itself. */
const isClear = (error: PortError): boolean => ['stale_version', 'corrupt', 'refused', 'quota_taken'].includes(error.type);

export const createCommitLane = ({ runId, folder, shown, word, board, send, leaseFault, onCommitted }: CommitLaneOptions): CommitLane => {
  /** As the run will be once everything that is under way is acknowledged. */
  let ahead = shown.snapshot;
  let lane: Promise<void> = Promise.resolve();

  /** Why the room is not there; null: it is, or nobody asked. */
  const faultOfRoom = async (
    after: RunSnapshot,
    { scope }: Reservation,
    guard: QuotaGuard | undefined,
    begunMs: number,
  ): Promise<PortError | null> => {
    if (guard === undefined) return null;
    const others = await board.others(runId, scope, after.updatedAtMs)();
    if (isLeft(others)) return others.left;
    const { tokens, requests } = others.right;
    if (!isWithin(others.right, guard.others))
      return { type: 'quota_taken', message: `other runs of ${scope} hold ${tokens} tokens in ${requests} requests` };
    return performance.now() - begunMs < claimLifeMs
      ? null
      : { type: 'quota_taken', message: `looking at the other runs of ${scope} took too long` };
  };

  const make = async (
    expectedVersion: number,
    events: readonly Event[],
    guard: QuotaGuard | undefined,
    after: Foreseen | null,
    next: () => void,
  ): Promise<Either<PortError, RunSnapshot>> => {
    // It does not fit, and the keeping thread says why.
    if (after === null) return isLeftOr(await send(expectedVersion, events)(), shown.snapshot);
    const { snapshot, now } = after;
    const grows = word.grows(now);
    const begunMs = performance.now();
    try {
      if (grows) await word.announce(now);
    } catch (cause) {
      // The new owner of a run removes the files that the old one was writing.
      const lost = leaseFault();
      if (lost !== null) return left(lost);
      await word.withdraw();
      return left(ioError('announce what is about to be planned in', folder, cause));
    }
    const taken = await faultOfRoom(snapshot, now, guard, begunMs);
    const isNews = grows || word.isNews(now);
    const answering = taken === null ? send(expectedVersion, events)() : Promise.resolve(left(taken));
    if (!isNews) next();
    const answer = await answering;
    if (isLeft(answer)) {
      if (grows && (taken !== null || isClear(answer.left))) await word.withdraw();
      return answer;
    }
    shown.snapshot = snapshot;
    onCommitted(snapshot);
    if (isNews) await word.settle(now);
    return right(snapshot);
  };

  return {
    commit: (expectedVersion, events, guard) => async () => {
      if (expectedVersion !== ahead.version) return left({ type: 'stale_version', expected: expectedVersion, found: ahead.version });
      const after = foresee(ahead, events);
      if (after !== null) ahead = after.snapshot;
      const turn = lane;
      let next = (): void => undefined;
      lane = new Promise((resolve) => (next = resolve));
      await turn;
      try {
        const done = await make(expectedVersion, events, guard, after, next);
        if (isLeft(done)) ahead = shown.snapshot;
        else if (ahead.version < done.right.version) ahead = done.right;
        return done;
      } finally {
        next();
      }
    },
    idle: () => lane,
  };
};

/** The run after the events, and what it holds then. */
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

const isLeftOr = <A>(answer: Either<PortError, unknown>, value: A): Either<PortError, A> => (isLeft(answer) ? answer : right(value));
