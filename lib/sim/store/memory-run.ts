import * as TE from 'fp-ts/lib/TaskEither.js';
import { type BatchRecord, recordsAfter } from '../../core/model/batch-record.ts';
import { evolve } from '../../core/machine/evolve.ts';
import type { BatchKey, RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { isWithin, quotaScopeOf, reservationOf } from '../../core/plan/quota.ts';
import { applyToRows } from '../../core/machine/rows.ts';
import { type StoredRunEvent, toRunEvents } from '../../core/machine/run-event.ts';
import { emptySnapshot, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { PortError } from '../../ports/port-error.ts';
import type {
  InboxCommand,
  OwnedRun,
  QuotaGuard,
  RequestSpan,
  ResultRef,
  RunReader,
  StoredRow,
} from '../../ports/run-store.ts';
import { memoryArtifacts } from './memory-artifacts.ts';
import type { Reservations } from './reservations.ts';
import { createRowTable, openRowsOf, rowSliceOf } from './row-table.ts';
import { sharedRowsOf } from './shared-rows.ts';

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
  const table = createRowTable();
  const artifacts = memoryArtifacts();
  const runEvents: StoredRunEvent[] = [];
  const inbox: InboxCommand[] = [];
  /** Batch `n` is at array index `n - 1`. */
  const batches: BatchRecord[] = [];
  const batchNos = new Map<BatchKey, number>();
  let snapshot = emptySnapshot;
  let epoch = 0;
  let isOwned = false;
  let commandCount = 0;

  const recordOf = (batchKey: BatchKey): BatchRecord | undefined =>
    batches[(batchNos.get(batchKey) ?? 0) - 1];
  const rowsWhere = (
    test: (row: StoredRow) => boolean,
    fromIndex: number,
    max: number,
  ): { readonly indexes: readonly number[]; readonly isLast: boolean } => {
    const found = table.select(test, fromIndex, max + 1);
    return { indexes: found.slice(0, max), isLast: found.length <= max };
  };
  const resultsFrom = (sequence: number, limit: number): readonly ResultRef[] => {
    const results: ResultRef[] = [];
    for (
      let next = sequence + 1;
      next <= snapshot.resultSequence && results.length < limit;
      next += 1
    ) {
      const result = table.result(next);
      if (result !== null) results.push(result);
    }
    return results;
  };

  const reader = (): RunReader => ({
    runId,
    get snapshot() {
      return snapshot;
    },
    description,
    artifacts,
    refresh: () => TE.fromIO(() => snapshot),
    resultsAfter: (sequence, limit) => TE.fromIO(() => resultsFrom(sequence, limit)),
    resultsByIndex: (fromIndex, limit) =>
      TE.fromIO(() => {
        const { indexes, isLast } = rowsWhere(
          (row) => row.status === 'completed' || row.status === 'failed_permanent',
          fromIndex,
          limit,
        );
        const last = indexes[indexes.length - 1];
        const results = indexes.flatMap((index) => {
          const result = table.result(table.sequenceOf(index));
          return result === null ? [] : [result];
        });
        return { results, nextIndex: isLast || last === undefined ? null : last + 1 };
      }),
    eventsAfter: (sequence, limit) =>
      TE.fromIO(() => runEvents.filter((event) => event.sequence > sequence).slice(0, limit)),
    rows: (fromIndex, limit) =>
      TE.fromIO(() => table.select(() => true, fromIndex, limit).map((index) => table.row(index))),
    linesOfRows: (fromIndex, limit) =>
      TE.fromIO(() =>
        table.select(() => true, fromIndex, limit).map((index) => table.lines(index)),
      ),
    batches: (fromBatchNo, limit) =>
      TE.fromIO(() => batches.slice(Math.max(0, fromBatchNo - 1)).slice(0, limit)),
    close: () => Promise.resolve(),
  });

  const takenSince = (after: RunSnapshot, { others: seen }: QuotaGuard): PortError | null => {
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
          if (expectedVersion !== snapshot.version)
            return Promise.resolve({
              _tag: 'Left',
              left: { type: 'stale_version', expected: expectedVersion, found: snapshot.version },
            });
          const after = events.reduce(evolve, snapshot);
          const taken = guard === undefined ? null : takenSince(after, guard);
          if (taken !== null) return Promise.resolve({ _tag: 'Left', left: taken });
          const created = events.find((event) => event.type === 'RunCreated');
          const wrong =
            created !== undefined && created.runId !== runId
              ? `the event creates run ${created.runId}`
              : table.apply(applyToRows(events));
          if (wrong !== null)
            return Promise.resolve({
              _tag: 'Left',
              left: { type: 'corrupt', message: wrong, where: `run ${runId}` },
            });
          runEvents.push(...toRunEvents(after.runId, snapshot.version, events));
          for (const record of recordsAfter(recordOf, events).values()) {
            batches[record.batchNo - 1] = record;
            batchNos.set(record.batchKey, record.batchNo);
          }
          snapshot = after;
          reservations.publish(runId, reservationOf(snapshot));
          return Promise.resolve({ _tag: 'Right', right: snapshot });
        },
        othersInScope: (scope, nowMs) => TE.fromIO(() => reservations.others(runId, scope, nowMs)),
        assertOwned: () =>
          TE.fromEither(
            lost() === null
              ? { _tag: 'Right', right: undefined }
              : { _tag: 'Left', left: { type: 'lease_lost', owner: null } },
          ),
        knownIds: (itemIds) =>
          TE.fromIO(() => Uint8Array.from(itemIds, (id) => (table.has(id) ? 1 : 0))),
        planWindow: (rowsMax) =>
          TE.fromIO(() => {
            const { indexes, isLast } = rowsWhere((row) => row.status === 'pending', 0, rowsMax);
            const { bytes, tokens } = rowSliceOf(table, indexes, isLast);
            const inputs = indexes.map((index) => table.inputs(index));
            return {
              generation: snapshot.backlog.generation,
              indexes,
              bytes,
              tokens,
              inputs: inputs.some((each) => each > 1) ? inputs : null,
              isExhausted: isLast,
            };
          }),
        batchLines: (batchNo) =>
          TE.fromIO(() =>
            joinNeighbours(
              table
                .select((row) => row.batchNo === batchNo, 0, Number.MAX_SAFE_INTEGER)
                .flatMap((index): readonly RequestSpan[] => {
                  const { request } = table.lines(index);
                  return request === null
                    ? []
                    : [{ ...request, wasCharged: table.row(index).charged > 0 }];
                }),
            ),
          ),
        openMask: (batchNo, indexes) =>
          TE.fromIO(() =>
            Uint8Array.from(indexes, (index) => {
              if (index >= table.count) return 0;
              const row = table.row(index);
              return row.status === 'submitted' && row.batchNo === batchNo ? 1 : 0;
            }),
          ),
        openRows: (batchNo, fromIndex, rowsMax) =>
          TE.fromIO(() => {
            const { indexes, isLast } = rowsWhere(
              (row) => row.status === 'submitted' && row.batchNo === batchNo,
              fromIndex,
              rowsMax,
            );
            return openRowsOf(table, indexes, isLast);
          }),
        backoffRows: (dueAtMs, rowsMax) =>
          TE.fromIO(() => {
            const { indexes, isLast } = rowsWhere(
              (row) => row.status === 'failed_retryable' && row.dueAtMs === dueAtMs,
              0,
              rowsMax,
            );
            return rowSliceOf(table, indexes, isLast);
          }),
        sharedRows: (from, rowsMax) =>
          TE.fromIO(() => sharedRowsOf(table, from, rowsMax, snapshot.resultSequence)),
        pendingRows: (rowsMax) =>
          TE.fromIO(() => {
            const { indexes, isLast } = rowsWhere((row) => row.status === 'pending', 0, rowsMax);
            return {
              ...rowSliceOf(table, indexes, isLast),
              generation: snapshot.backlog.generation,
            };
          }),
        rowLines: (index) => TE.fromIO(() => (index < table.count ? table.lines(index) : null)),
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
      { snapshot: { get: () => snapshot, enumerable: true } },
    ) as OwnedRun;
  };

  return {
    runId,
    snapshot: () => snapshot,
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

const joinNeighbours = (spans: readonly RequestSpan[]): readonly RequestSpan[] => {
  const joined: RequestSpan[] = [];
  for (const span of spans) {
    const last = joined[joined.length - 1];
    if (
      last !== undefined &&
      last.object === span.object &&
      last.wasCharged === span.wasCharged &&
      last.offset + last.length === span.offset
    ) {
      joined[joined.length - 1] = { ...last, length: last.length + span.length };
    } else joined.push(span);
  }
  return joined;
};
