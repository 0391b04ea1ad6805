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
import { backoffRows, batchLines, knownIds, linesOfRows, openMask, openRows, pendingRows } from './row-queries.ts';
import { createReader, type ReaderParts } from './run-reader.ts';
import { type Ask, found, type Session } from './session.ts';
import { storable } from '../../lib/core/json/storable-text.ts';
import { endedBy, noneEnded, sharedRows } from './shared-rows.ts';

export interface OwnedParts extends Omit<ReaderParts, 'view' | 'shown' | 'schema'> {
  readonly view: ReaderParts['view'];
  readonly session: Session;
  readonly lease: Lease;
  readonly leaseTtlMs: number;
  readonly records: readonly BatchRecord[];
  readonly objects: ReadonlyMap<string, number>;
  readonly told: Reservation | null;
}

/** The owner's handle. It alone commits, so that what it has folded is what the tables hold. */
export const createOwnedRun = (parts: OwnedParts): OwnedRun => {
  const { run, session, lease, leaseTtlMs, artifacts, view, onClose } = parts;
  const { schema } = session;
  const committer: Committer = { schema, runNo: run.runNo, epoch: lease.epoch, leaseTtlMs };
  let known: Known = {
    snapshot: run.snapshot,
    records: new Map<BatchKey, BatchRecord>(parts.records.map((record) => [record.batchKey, record])),
    objects: parts.objects,
    told: parts.told,
  };
  /** No pending row lies before it: planning need not look at rows that are done with. */
  let pendingFrom = 0;
  let ended = noneEnded;
  const ask = <A>(work: (ask: Ask) => Promise<A>): Port<A> => session.ask(async (asked) => found(await work(asked)));

  const commit = (expectedVersion: number, events: readonly Event[], guard?: QuotaGuard): Port<RunSnapshot> => {
    return async () => {
      const { version } = known.snapshot;
      if (lease.isLost) return lost(null);
      if (expectedVersion !== version) return left({ type: 'stale_version', expected: expectedVersion, found: version });
      const draft = draftOf(run.runId, known, events, guard ?? null);
      if (isLeft(draft)) return left({ type: 'corrupt', message: draft.left, where: `run ${run.runId}` });
      const { after } = draft.right;
      const written = await session.transaction((asked) => writeDraft(asked, committer, draft.right))();
      if (isLeft(written)) return written;
      // An earlier commit of ours whose end we never came to know, if nobody else's: what it made of the run is not known here.
      if (written.right !== null) return left({ type: 'stale_version', expected: expectedVersion, found: written.right.version });
      pendingFrom = Math.min(pendingFrom, ...events.map((event) => firstToPend(event, known)));
      ended = endedBy(events) ?? ended;
      known = after;
      return right(known.snapshot);
    };
  };
  const lost = (owner: string | null): Either<PortError, never> => left({ type: 'lease_lost', owner });
  const assertOwned: Port<void> = session.ask(async (asked) => {
    const { rows } = await asked(
      `update ${schema}.runs set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
        where run_no = $1 and epoch = $2 returning 1`,
      [run.runNo, lease.epoch, leaseTtlMs],
    );
    if (rows.length > 0) return right(undefined);
    const other = await asked(`select owner from ${schema}.runs where run_no = $1`, [run.runNo]);
    return lost((other.rows[0]?.[0] as string | null | undefined) ?? null);
  });
  const pendingSlice = (rowsMax: number): ReturnType<typeof pendingRows> extends Promise<infer Slice> ? Port<Slice> : never =>
    ask(async (asked) => {
      const slice = await pendingRows(asked, committer, pendingFrom, rowsMax);
      pendingFrom = (slice.indexes[0] as number | undefined) ?? known.snapshot.ingest.itemCount;
      return slice;
    });

  const shown = {
    get snapshot() {
      return known.snapshot;
    },
    set snapshot(_) {
      // Nobody else commits: there is nothing newer.
    },
  };
  const reader = createReader({ run, view, schema, artifacts, shown, onClose });
  const owned: OwnedRun = {
    ...reader,
    epoch: lease.epoch,
    commit,
    othersInScope: (scope, nowMs) => ask((asked) => othersInScope(asked, committer, scope, nowMs)),
    assertOwned: () => assertOwned,
    knownIds: (itemIds) => ask((asked) => knownIds(asked, committer, itemIds.map(storable))),
    planWindow: (rowsMax) =>
      TE.Monad.map(pendingSlice(rowsMax), ({ isLast, ...slice }) => ({
        ...slice,
        generation: known.snapshot.backlog.generation,
        isExhausted: isLast,
      })),
    batchLines: (batchNo) => ask((asked) => batchLines(asked, committer, batchNo)),
    openMask: (batchNo, indexes) => ask((asked) => openMask(asked, committer, batchNo, indexes)),
    openRows: (batchNo, fromIndex, rowsMax) => ask((asked) => openRows(asked, committer, batchNo, fromIndex, rowsMax)),
    backoffRows: (dueAtMs, rowsMax) => ask((asked) => backoffRows(asked, committer, dueAtMs, rowsMax)),
    sharedRows: (from, rowsMax) =>
      ask((asked) => {
        const { ingest, resultSequence } = known.snapshot;
        return sharedRows(asked, committer, from, rowsMax, { itemCount: ingest.itemCount, resultSequence, ended });
      }),
    pendingRows: (rowsMax) =>
      TE.Monad.map(pendingSlice(rowsMax), ({ inputs: _, ...slice }) => ({ ...slice, generation: known.snapshot.backlog.generation })),
    rowLines: (index) =>
      index < 0 || index >= known.snapshot.ingest.itemCount
        ? TE.right(null)
        : ask(async (asked) => (await linesOfRows(asked, committer, index, 1))[0] ?? null),
    inbox: () =>
      ask(async (asked) => {
        const { rows } = await asked(`select command_no, type, options from ${schema}.commands where run_no = $1 order by command_no`, [
          run.runNo,
        ]);
        return rows.map(([id, type, options]) => ({
          id: String(id),
          type: type as InboxCommand['type'],
          options: options as JsonObject,
        }));
      }),
    removeCommand: (id) =>
      ask(async (asked) => {
        await asked(`delete from ${schema}.commands where run_no = $1 and command_no = $2`, [run.runNo, id]);
      }),
  };
  // Copied by the spread, it would be the snapshot of the opening for ever.
  return Object.defineProperty(owned, 'snapshot', { get: () => known.snapshot, enumerable: true });
};

/** The first row that was not pending, and may be so after the event. */
const firstToPend = (event: Event, before: Known): number => {
  if (event.type === 'ItemsRequeued') return event.indexes[0] ?? Infinity;
  return event.type === 'BatchDropped' ? (before.records.get(event.batchKey)?.indexes[0] ?? 0) : Infinity;
};
