import { type Either, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Event } from '../../core/model/event.ts';
import { evolve } from '../../core/machine/evolve.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { isWithin, quotaScopeOf, reservationOf } from '../../core/plan/quota.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { Port, PortError } from '../../ports/port-error.ts';
import type { InboxCommand, OwnedRun, QuotaGuard, RunReader } from '../../ports/run-store.ts';
import { createRunRows, type RunRows } from '../../rows/run-rows.ts';
import { memoryArtifacts } from './memory-artifacts.ts';
import type { Reservations } from './reservations.ts';

/** One run's state, shared by its owner and its readers. */
export interface MemoryRun {
  readonly runId: RunId;
  snapshot(): RunSnapshot;
  owner(): string | null;
  /** Takes the run; null while it is owned. */
  own(): OwnedRun | null;
  read(): RunReader;
  send(command: Omit<InboxCommand, 'id'>): string;
  hasCommands(): boolean;
  /**
   * Ends the ownership as a kill does: the owner may no longer commit or create, and the run is
   * free.
   */
  abandon(): void;
}

/** What a run holds: the fold of its events, its payloads, its inbox and who owns it. */
interface Held {
  readonly runId: RunId;
  readonly rows: RunRows;
  readonly description: JsonObject | null;
  readonly artifacts: ArtifactStore;
  readonly reservations: Reservations;
  readonly inbox: InboxCommand[];
  epoch: number;
  isOwned: boolean;
}

export const createMemoryRun = (
  runId: RunId,
  description: JsonObject | null,
  reservations: Reservations,
): MemoryRun => {
  const rows = createRunRows(runId);
  const inbox: InboxCommand[] = [];
  const artifacts = memoryArtifacts();
  const held: Held = {
    runId,
    rows,
    description,
    artifacts,
    reservations,
    inbox,
    epoch: 0,
    isOwned: false,
  };
  let commandCount = 0;
  return {
    runId,
    snapshot: () => rows.snapshot,
    owner: () => (held.isOwned ? 'this process' : null),
    own() {
      if (held.isOwned) return null;
      held.isOwned = true;
      held.epoch += 1;
      return ownerOf(held);
    },
    read: () => readerOf(held),
    send(command) {
      commandCount += 1;
      const id = String(commandCount).padStart(8, '0');
      inbox.push({ id, ...command });
      return id;
    },
    hasCommands: () => inbox.length > 0,
    abandon() {
      held.isOwned = false;
    },
  };
};

const readerOf = ({ runId, rows, description, artifacts }: Held): RunReader => ({
  runId,
  get snapshot() {
    return rows.snapshot;
  },
  description,
  artifacts,
  refresh: () => TE.fromIO(() => rows.snapshot),
  rows: (query) => TE.fromIO(() => rows.rows(query)),
  eventsAfter: (sequence, limit) => TE.fromIO(() => rows.eventsAfter(sequence, limit)),
  batches: (fromBatchNo, limit) => TE.fromIO(() => rows.batches(fromBatchNo, limit)),
  close: () => Promise.resolve(),
});

const ownerOf = (held: Held): OwnedRun => {
  const { runId, rows, reservations, inbox, epoch } = held;
  const stillOwned = (): Either<PortError, RunSnapshot> =>
    held.epoch === epoch && held.isOwned
      ? right(rows.snapshot)
      : left({ type: 'lease_lost', owner: null });
  const refresh: Port<RunSnapshot> = () => Promise.resolve(stillOwned());
  return Object.defineProperty(
    {
      ...readerOf(held),
      epoch,
      refresh: () => refresh,
      commit: (expectedVersion, events, guard) =>
        TE.Monad.chain(refresh, () =>
          TE.fromIOEither(() => commitTo(held, expectedVersion, events, guard)),
        ),
      othersInScope: (scope, nowMs) => TE.fromIO(() => reservations.others(runId, scope, nowMs)),
      inbox: () => TE.fromIO(() => [...inbox]),
      removeCommand: (id) =>
        TE.fromIO(() => {
          const at = inbox.findIndex((command) => command.id === id);
          if (at >= 0) inbox.splice(at, 1);
        }),
      close: () => {
        if (held.epoch === epoch) held.isOwned = false;
        return Promise.resolve();
      },
    } satisfies OwnedRun,
    // A getter, since the spread would copy the snapshot of the opening.
    'snapshot',
    { get: () => rows.snapshot, enumerable: true },
  );
};

const commitTo = (
  { runId, rows, reservations }: Held,
  expectedVersion: number,
  events: readonly Event[],
  guard: QuotaGuard | undefined,
): Either<PortError, RunSnapshot> => {
  const { version } = rows.snapshot;
  if (expectedVersion !== version)
    return left({ type: 'stale_version', expected: expectedVersion, found: version });
  const taken =
    guard === undefined ? null : takenSince(runId, rows.snapshot, reservations, events, guard);
  if (taken !== null) return left(taken);
  const wrong = rows.fold(events);
  if (wrong !== null) return left({ type: 'corrupt', message: wrong, where: `run ${runId}` });
  reservations.publish(runId, reservationOf(rows.snapshot));
  return right(rows.snapshot);
};

/** Why other runs leave too little capacity; null when it suffices. */
const takenSince = (
  runId: RunId,
  snapshot: RunSnapshot,
  reservations: Reservations,
  events: readonly Event[],
  { others: seen }: QuotaGuard,
): PortError | null => {
  const after = events.reduce(evolve, snapshot);
  const scope = quotaScopeOf(after.config);
  const now = reservations.others(runId, scope, after.updatedAtMs);
  return isWithin(now, seen)
    ? null
    : {
        type: 'quota_taken',
        message: `other runs of ${scope} hold ${now.tokens} tokens in ${now.requests} requests`,
      };
};
