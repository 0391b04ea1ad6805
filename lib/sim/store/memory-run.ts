import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Event } from '../../core/model/event.ts';
import { evolve } from '../../core/machine/evolve.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { isWithin, quotaScopeOf, reservationOf } from '../../core/plan/quota.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { InboxCommand, OwnedRun, QuotaGuard, RunReader } from '../../ports/run-store.ts';
import { resultRefs } from '../../rows/result-columns.ts';
import { createSequenceIndex, resultsAfter, resultsByIndex } from '../../rows/result-queries.ts';
import {
  backoffRows,
  batchLines,
  linesOfRows,
  openMask,
  openRows,
  pendingRows,
  planWindow,
  rowLines,
  storedRows,
} from '../../rows/row-queries.ts';
import { nothingStored, RunModel } from '../../rows/run-model.ts';
import { sharedRows } from '../../rows/shared-rows.ts';
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

export const createMemoryRun = (
  runId: RunId,
  description: JsonObject | null,
  reservations: Reservations,
): MemoryRun => {
  const model = new RunModel(runId, nothingStored);
  const sequenceIndex = createSequenceIndex();
  const artifacts = memoryArtifacts();
  const inbox: InboxCommand[] = [];
  let epoch = 0;
  let isOwned = false;
  let commandCount = 0;

  const reader = (): RunReader => ({
    runId,
    get snapshot() {
      return model.snapshot;
    },
    description,
    artifacts,
    refresh: () => TE.fromIO(() => model.snapshot),
    resultsAfter: (sequence, limit) =>
      TE.fromIO(() => resultRefs(resultsAfter(model, sequence, limit))),
    resultsByIndex: (fromIndex, limit) =>
      TE.fromIO(() => {
        const page = resultsByIndex(model, sequenceIndex(model), fromIndex, limit);
        return { results: resultRefs(page.columns), nextIndex: page.nextIndex };
      }),
    eventsAfter: (sequence, limit) =>
      TE.fromIO(() => model.freshEvents.filter((e) => e.sequence > sequence).slice(0, limit)),
    rows: (fromIndex, limit) => TE.fromIO(() => storedRows(model, fromIndex, limit)),
    linesOfRows: (fromIndex, limit) => TE.fromIO(() => linesOfRows(model, fromIndex, limit)),
    batches: (fromBatchNo, limit) => TE.fromIO(() => model.records.from(fromBatchNo, limit)),
    close: () => Promise.resolve(),
  });

  const takenSince = (events: readonly Event[], { others: seen }: QuotaGuard): PortError | null => {
    const after = events.reduce(evolve, model.snapshot);
    const now = reservations.others(runId, quotaScopeOf(after.config), after.updatedAtMs);
    return isWithin(now, seen)
      ? null
      : {
          type: 'quota_taken',
          message: `other runs of ${quotaScopeOf(after.config)} hold ${now.tokens} tokens in ${now.requests} requests`,
        };
  };

  const owned = (mine: number): OwnedRun => {
    const lost = (): PortError | null =>
      mine === epoch && isOwned ? null : { type: 'lease_lost', owner: null };
    const base = reader();
    return Object.defineProperties(
      {
        ...base,
        epoch: mine,
        commit: (expectedVersion, events, guard) => () => {
          const fault = lost();
          if (fault !== null) return Promise.resolve({ _tag: 'Left', left: fault });
          if (expectedVersion !== model.snapshot.version)
            return Promise.resolve({
              _tag: 'Left',
              left: {
                type: 'stale_version',
                expected: expectedVersion,
                found: model.snapshot.version,
              },
            });
          const taken = guard === undefined ? null : takenSince(events, guard);
          if (taken !== null) return Promise.resolve({ _tag: 'Left', left: taken });
          const wrong = model.fold(events, true);
          if (wrong !== null)
            return Promise.resolve({
              _tag: 'Left',
              left: { type: 'corrupt', message: wrong, where: `run ${runId}` },
            });
          reservations.publish(runId, reservationOf(model.snapshot));
          return Promise.resolve({ _tag: 'Right', right: model.snapshot });
        },
        othersInScope: (scope, nowMs) => TE.fromIO(() => reservations.others(runId, scope, nowMs)),
        assertOwned: () =>
          TE.fromEither(
            lost() === null
              ? { _tag: 'Right', right: undefined }
              : { _tag: 'Left', left: { type: 'lease_lost', owner: null } },
          ),
        knownIds: (itemIds) =>
          TE.fromIO(() => {
            const known = model.ids();
            return Uint8Array.from(itemIds, (id) => (known.has(id) ? 1 : 0));
          }),
        planWindow: (rowsMax) => TE.fromIO(() => planWindow(model, rowsMax)),
        batchLines: (batchNo) => TE.fromIO(() => batchLines(model, batchNo)),
        openMask: (batchNo, indexes) => TE.fromIO(() => openMask(model, batchNo, indexes)),
        openRows: (batchNo, fromIndex, rowsMax) =>
          TE.fromIO(() => openRows(model, batchNo, fromIndex, rowsMax)),
        backoffRows: (dueAtMs, rowsMax) => TE.fromIO(() => backoffRows(model, dueAtMs, rowsMax)),
        sharedRows: (from, rowsMax) =>
          TE.fromIO(() => sharedRows(model, sequenceIndex(model), from, rowsMax)),
        pendingRows: (rowsMax) => TE.fromIO(() => pendingRows(model, rowsMax)),
        rowLines: (index) => TE.fromIO(() => rowLines(model, index)),
        inbox: () => TE.fromIO(() => [...inbox]),
        removeCommand: (id) =>
          TE.fromIO(() => {
            const at = inbox.findIndex((command) => command.id === id);
            if (at >= 0) inbox.splice(at, 1);
          }),
        close: () => {
          if (mine === epoch) isOwned = false;
          return Promise.resolve();
        },
      } satisfies OwnedRun,
      { snapshot: { get: () => model.snapshot, enumerable: true } },
    ) as OwnedRun;
  };

  return {
    runId,
    snapshot: () => model.snapshot,
    owner: () => (isOwned ? 'this process' : null),
    own() {
      if (isOwned) return null;
      isOwned = true;
      epoch += 1;
      return owned(epoch);
    },
    read: reader,
    send(command) {
      commandCount += 1;
      const id = String(commandCount).padStart(8, '0');
      inbox.push({ id, ...command });
      return id;
    },
    hasCommands: () => inbox.length > 0,
    abandon() {
      isOwned = false;
    },
  };
};
