import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
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
import { OwnerRows } from './owner-rows.ts';
import { othersInScope } from './reservations.ts';
import { batchLines } from './row-queries.ts';
import { createReader, type ReaderParts } from './run-reader.ts';
import { type Query, found, type Session } from './session.ts';

export interface OwnedParts extends Omit<ReaderParts, 'view' | 'shown' | 'schema' | 'ended'> {
  readonly view: ReaderParts['view'];
  readonly session: Session;
  readonly lease: Lease;
  readonly leaseTtlMs: number;
  readonly records: readonly BatchRecord[];
  readonly objects: ReadonlyMap<string, number>;
  readonly published: Reservation | null;
}

/** What the owner has folded so far: the tables hold the same. */
interface Folded {
  readonly parts: OwnedParts;
  readonly committer: Committer;
  readonly rows: OwnerRows;
  known: Known;
}

/** The owner's handle. Only the owner commits, so its folded state equals the tables. */
export const createOwnedRun = (parts: OwnedParts): OwnedRun => {
  const { run, session, lease, leaseTtlMs, artifacts, view, onClose } = parts;
  const { schema } = session;
  const committer: Committer = { schema, runNo: run.runNo, epoch: lease.epoch, leaseTtlMs };
  const rows = new OwnerRows();
  const folded: Folded = {
    parts,
    committer,
    rows,
    known: {
      snapshot: run.snapshot,
      records: new Map<BatchKey, BatchRecord>(
        parts.records.map((record) => [record.batchKey, record]),
      ),
      objects: parts.objects,
      published: parts.published,
    },
  };
  const shown = {
    get snapshot() {
      return folded.known.snapshot;
    },
    set snapshot(_) {
      // Only this owner commits, so there is nothing newer.
    },
  };
  const ended = (): OwnerRows['ended'] => rows.ended;
  const reader = createReader({ run, view, schema, artifacts, shown, ended, onClose });
  const withQuery = <A>(work: (query: Query) => Promise<A>): Port<A> =>
    session.query(async (query) => found(await work(query)));
  const owned: OwnedRun = {
    ...reader,
    epoch: lease.epoch,
    refresh: () => stillOwned(folded),
    rows: rows.rows(reader),
    commit: (expectedVersion, events, guard) => () =>
      commitTo(folded, expectedVersion, events, guard ?? null),
    othersInScope: (scope, nowMs) =>
      withQuery((query) => othersInScope(query, committer, scope, nowMs)),
    batchLines: (batchNo) => withQuery((query) => batchLines(query, committer, batchNo)),
    inbox: () => withQuery((query) => commandsOf(query, committer)),
    removeCommand: (id) =>
      withQuery(async (query) => {
        await query(`delete from ${schema}.commands where run_no = $1 and command_no = $2`, [
          run.runNo,
          id,
        ]);
      }),
  };
  // A getter, since the spread would copy the snapshot of the opening.
  return Object.defineProperty(owned, 'snapshot', {
    get: () => folded.known.snapshot,
    enumerable: true,
  });
};

const lost = (owner: string | null): Either<PortError, never> =>
  left({ type: 'lease_lost', owner });

const commitTo = async (
  folded: Folded,
  expectedVersion: number,
  events: readonly Event[],
  guard: QuotaGuard | null,
): Promise<Either<PortError, RunSnapshot>> => {
  const { known, committer, rows, parts } = folded;
  const { run, session, lease } = parts;
  const { version } = known.snapshot;
  if (lease.isLost) return lost(null);
  if (expectedVersion !== version)
    return left({ type: 'stale_version', expected: expectedVersion, found: version });
  const draft = draftOf(run.runId, known, events, guard);
  if (isLeft(draft))
    return left({ type: 'corrupt', message: draft.left, where: `run ${run.runId}` });
  const { after } = draft.right;
  const written = await session.transaction((query) => writeDraft(query, committer, draft.right))();
  if (isLeft(written)) return written;
  // An earlier commit of this owner whose answer was lost, or one of another owner. Its events are
  // unknown here.
  if (written.right !== null)
    return left({
      type: 'stale_version',
      expected: expectedVersion,
      found: written.right.version,
    });
  rows.committed(events, known.records);
  folded.known = after;
  return right(after.snapshot);
};

/** Extends the lease, where no higher epoch exists. */
const stillOwned = (folded: Folded): Port<RunSnapshot> => {
  const { parts, committer } = folded;
  const { schema, runNo, epoch, leaseTtlMs } = committer;
  return parts.session.query(async (query) => {
    const { rows } = await query(
      `update ${schema}.runs set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
        where run_no = $1 and epoch = $2 returning 1`,
      [runNo, epoch, leaseTtlMs],
    );
    if (rows.length > 0) return right(folded.known.snapshot);
    const other = await query(`select owner from ${schema}.runs where run_no = $1`, [runNo]);
    return lost((other.rows[0]?.[0] as string | null | undefined) ?? null);
  });
};

const commandsOf = async (
  query: Query,
  { schema, runNo }: Committer,
): Promise<readonly InboxCommand[]> => {
  const { rows } = await query(
    `select command_no, type, options from ${schema}.commands where run_no = $1 order by command_no`,
    [runNo],
  );
  return rows.map(([id, type, options]) => ({
    id: String(id),
    type: type as InboxCommand['type'],
    options: options as JsonObject,
  }));
};
