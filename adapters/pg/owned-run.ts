import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { BatchRecord } from '../../lib/core/model/batch-record.ts';
import type { Event } from '../../lib/core/model/event.ts';
import type { BatchKey } from '../../lib/core/values/ids.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { Reservation } from '../../lib/core/plan/quota.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import type { InboxCommand, OwnedRun, QuotaGuard } from '../../lib/ports/run-store.ts';
import { type Committer, draftOf, type Known, writeDraft } from './commit.ts';
import type { Lease } from './leases.ts';
import { othersInScope } from './reservations.ts';
import {
  backoffRows,
  batchLines,
  knownIds,
  linesOfRows,
  openMask,
  openRows,
  pendingRows,
} from './row-queries.ts';
import { createReader, type ReaderParts } from './run-reader.ts';
import { type Query, found, type Session } from './session.ts';
import { storable } from '../../lib/core/json/storable-text.ts';
import { endedBy, noneEnded, sharedRows } from './shared-rows.ts';

export interface OwnedParts extends Omit<ReaderParts, 'view' | 'shown' | 'schema'> {
  readonly view: ReaderParts['view'];
  readonly session: Session;
  readonly lease: Lease;
  readonly leaseTtlMs: number;
  readonly records: readonly BatchRecord[];
  readonly objects: ReadonlyMap<string, number>;
  readonly published: Reservation | null;
}

/** The owner's handle. Only the owner commits, so its folded state equals the tables. */
export const createOwnedRun = (parts: OwnedParts): OwnedRun => {
  const { run, session, lease, leaseTtlMs, artifacts, view, onClose } = parts;
  const { schema } = session;
  const committer: Committer = { schema, runNo: run.runNo, epoch: lease.epoch, leaseTtlMs };
  let known: Known = {
    snapshot: run.snapshot,
    records: new Map<BatchKey, BatchRecord>(
      parts.records.map((record) => [record.batchKey, record]),
    ),
    objects: parts.objects,
    published: parts.published,
  };
  /** No row before this index is pending, so planning skips them. */
  let pendingFrom = 0;
  let ended = noneEnded;
  const withQuery = <A>(work: (query: Query) => Promise<A>): Port<A> =>
    session.query(async (query) => found(await work(query)));

  const commit = (
    expectedVersion: number,
    events: readonly Event[],
    guard?: QuotaGuard,
  ): Port<RunSnapshot> => {
    return async () => {
      const { version } = known.snapshot;
      if (lease.isLost) return lost(null);
      if (expectedVersion !== version)
        return left({ type: 'stale_version', expected: expectedVersion, found: version });
      const draft = draftOf(run.runId, known, events, guard ?? null);
      if (isLeft(draft))
        return left({ type: 'corrupt', message: draft.left, where: `run ${run.runId}` });
      const { after } = draft.right;
      const written = await session.transaction((query) =>
        writeDraft(query, committer, draft.right),
      )();
      if (isLeft(written)) return written;
      // An earlier commit of this owner whose answer was lost, or one of another owner. Its events
      // are unknown here.
      if (written.right !== null)
        return left({
          type: 'stale_version',
          expected: expectedVersion,
          found: written.right.version,
        });
      pendingFrom = Math.min(pendingFrom, ...events.map((event) => firstToPend(event, known)));
      ended = endedBy(events) ?? ended;
      known = after;
      return right(known.snapshot);
    };
  };
  const lost = (owner: string | null): Either<PortError, never> =>
    left({ type: 'lease_lost', owner });
  const assertOwned: Port<void> = session.query(async (query) => {
    const { rows } = await query(
      `update ${schema}.runs set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
        where run_no = $1 and epoch = $2 returning 1`,
      [run.runNo, lease.epoch, leaseTtlMs],
    );
    if (rows.length > 0) return right(undefined);
    const other = await query(`select owner from ${schema}.runs where run_no = $1`, [run.runNo]);
    return lost((other.rows[0]?.[0] as string | null | undefined) ?? null);
  });
  const pendingSlice = (
    rowsMax: number,
  ): ReturnType<typeof pendingRows> extends Promise<infer Slice> ? Port<Slice> : never =>
    withQuery(async (query) => {
      const slice = await pendingRows(query, committer, pendingFrom, rowsMax);
      pendingFrom = (slice.indexes[0] as number | undefined) ?? known.snapshot.ingest.itemCount;
      return slice;
    });

  const shown = {
    get snapshot() {
      return known.snapshot;
    },
    set snapshot(_) {
      // Only this owner commits, so there is nothing newer.
    },
  };
  const reader = createReader({ run, view, schema, artifacts, shown, onClose });
  const owned: OwnedRun = {
    ...reader,
    epoch: lease.epoch,
    commit,
    othersInScope: (scope, nowMs) =>
      withQuery((query) => othersInScope(query, committer, scope, nowMs)),
    assertOwned: () => assertOwned,
    knownIds: (itemIds) => withQuery((query) => knownIds(query, committer, itemIds.map(storable))),
    planWindow: (rowsMax) =>
      TE.Monad.map(pendingSlice(rowsMax), ({ isLast, ...slice }) => ({
        ...slice,
        generation: known.snapshot.backlog.generation,
        isExhausted: isLast,
      })),
    batchLines: (batchNo) => withQuery((query) => batchLines(query, committer, batchNo)),
    openMask: (batchNo, indexes) =>
      withQuery((query) => openMask(query, committer, batchNo, indexes)),
    openRows: (batchNo, fromIndex, rowsMax) =>
      withQuery((query) => openRows(query, committer, batchNo, fromIndex, rowsMax)),
    backoffRows: (dueAtMs, rowsMax) =>
      withQuery((query) => backoffRows(query, committer, dueAtMs, rowsMax)),
    sharedRows: (from, rowsMax) =>
      withQuery((query) => {
        const { ingest, resultSequence } = known.snapshot;
        return sharedRows(query, committer, from, rowsMax, {
          itemCount: ingest.itemCount,
          resultSequence,
          ended,
        });
      }),
    pendingRows: (rowsMax) =>
      TE.Monad.map(pendingSlice(rowsMax), ({ inputs: _, ...slice }) => ({
        ...slice,
        generation: known.snapshot.backlog.generation,
      })),
    rowLines: (index) =>
      index < 0 || index >= known.snapshot.ingest.itemCount
        ? TE.right(null)
        : withQuery(async (query) => (await linesOfRows(query, committer, index, 1))[0] ?? null),
    inbox: () =>
      withQuery(async (query) => {
        const { rows } = await query(
          `select command_no, type, options from ${schema}.commands where run_no = $1 order by command_no`,
          [run.runNo],
        );
        return rows.map(([id, type, options]) => ({
          id: String(id),
          type: type as InboxCommand['type'],
          options: options as JsonObject,
        }));
      }),
    removeCommand: (id) =>
      withQuery(async (query) => {
        await query(`delete from ${schema}.commands where run_no = $1 and command_no = $2`, [
          run.runNo,
          id,
        ]);
      }),
  };
  // A getter, since the spread would copy the snapshot of the opening.
  return Object.defineProperty(owned, 'snapshot', { get: () => known.snapshot, enumerable: true });
};

/** The first row that was not pending before the event and may be pending after it. */
const firstToPend = (event: Event, before: Known): number => {
  if (event.type === 'ItemsRequeued') return event.indexes[0] ?? Infinity;
  return event.type === 'BatchDropped'
    ? (before.records.get(event.batchKey)?.indexes[0] ?? 0)
    : Infinity;
};
