import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type BatchRecord, recordsAfter } from '../../lib/core/model/batch-record.ts';
import { owedAtMs } from '../../lib/core/machine/progress.ts';
import { objectsNamedBy } from '../../lib/core/artifacts/artifacts.ts';
import type { Event } from '../../lib/core/model/event.ts';
import { evolve } from '../../lib/core/machine/evolve.ts';
import type { BatchKey, RunId } from '../../lib/core/values/ids.ts';
import { applyToRows, type RowChange } from '../../lib/core/machine/rows.ts';
import { type StoredRunEvent, toRunEvents } from '../../lib/core/machine/run-event.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { Reservation } from '../../lib/core/plan/quota.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { QuotaGuard } from '../../lib/ports/run-store.ts';
import { plainRecord, rangesOf } from './batch-rows.ts';
import { applyChange, type Moving } from './row-changes.ts';
import type { RowsOf } from './row-queries.ts';
import type { Query } from './session.ts';
import {
  faultOfGuard,
  reservationChange,
  type ReservationChange,
  reservationRow,
  reservationValues,
  reserve,
  writeReservation,
} from './reservations.ts';
import { numbers } from './sql-values.ts';

/** The owner's in-memory state of its run, before or after a commit. */
export interface Known {
  readonly snapshot: RunSnapshot;
  /** The records of live batches. */
  readonly records: ReadonlyMap<BatchKey, BatchRecord>;
  readonly objects: ReadonlyMap<string, number>;
  /** The reservation that other runs can read. */
  readonly published: Reservation | null;
}

/** A prepared commit. It is built once, and written again after a transient failure. */
export interface Draft {
  readonly before: Known;
  readonly after: Known;
  readonly changes: readonly RowChange[];
  readonly records: readonly BatchRecord[];
  readonly runEvents: readonly StoredRunEvent[];
  readonly freshObjects: readonly (readonly [objectNo: number, name: string])[];
  readonly reservation: ReservationChange;
  /** Null: no limit on what other runs hold. */
  readonly guard: QuotaGuard | null;
  /** When the run has due work next, in milliseconds; null: only a command creates work. */
  readonly dueAtMs: number | null;
}

/** Left: the events do not fit the run, which is a bug in batchor. */
export const draftOf = (
  runId: RunId,
  before: Known,
  events: readonly Event[],
  guard: QuotaGuard | null,
): Either<string, Draft> => {
  try {
    const snapshot = events.reduce(evolve, before.snapshot);
    if (snapshot.runId !== runId)
      return left(`the event creates run ${snapshot.runId}, but this is run ${runId}`);
    const changed = recordsAfter((batchKey) => before.records.get(batchKey), events);
    const objects = new Map(before.objects);
    const freshObjects = [...new Set(events.flatMap(objectsNamedBy))]
      .filter((name) => !objects.has(name))
      .map((name) => {
        const objectNo = objects.size + 1;
        objects.set(name, objectNo);
        return [objectNo, name] as const;
      });
    const records = new Map(before.records);
    for (const [batchKey, record] of changed) {
      if (record.state === 'live') records.set(batchKey, record);
      else records.delete(batchKey);
    }
    const reservation = reservationChange(before.published, snapshot);
    return right({
      before,
      after: { snapshot, records, objects, published: reservation.now },
      reservation,
      guard,
      changes: applyToRows(events),
      records: [...changed.values()],
      runEvents: toRunEvents(snapshot.runId, before.snapshot.version, events),
      freshObjects,
      dueAtMs: owedAtMs(snapshot, snapshot.updatedAtMs),
    });
  } catch (error) {
    return left(error instanceof Error ? error.message : String(error));
  }
};

/** The owner that commits. */
export interface Committer extends RowsOf {
  readonly epoch: number;
  readonly leaseTtlMs: number;
}

/**
 * Writes the draft within a transaction. Right: the version that the run has instead, or null when
 * the draft is written. Two statements, one for each row change (two for new rows) whatever its row
 * count, and two more when the reservation grows.
 */
export const writeDraft = async (
  query: Query,
  committer: Committer,
  draft: Draft,
): Promise<Either<PortError, { readonly version: number } | null>> => {
  const { schema, runNo } = committer;
  const { before, after } = draft;
  // Updates the run's row first: it is the lock that another owner's commit or takeover waits for.
  const moved = await query(moveRun(schema), [
    runNo,
    committer.epoch,
    before.snapshot.version,
    after.snapshot.version,
    JSON.stringify({ ...after.snapshot, live: [] }),
    after.snapshot.status,
    after.snapshot.control.state,
    after.snapshot.createdAtMs,
    draft.dueAtMs === null ? null : Math.ceil(draft.dueAtMs),
    committer.leaseTtlMs,
  ]);
  if (moved.count === 0) return storedVersion(query, committer);
  const batches = batchRows(draft);
  await query(writeRecords(schema), [
    runNo,
    ...(['batchNo', 'batchKey', 'state', 'starts', 'ends', 'record', 'live'] as const).map(
      (column) => batches.map((row) => row[column]),
    ),
    draft.runEvents.map(({ sequence }) => sequence),
    draft.runEvents.map(({ eventType }) => eventType),
    draft.runEvents.map(({ atMs }) => atMs),
    draft.runEvents.map(({ data }) => JSON.stringify(data)),
    draft.freshObjects.map(([objectNo]) => objectNo),
    draft.freshObjects.map(([, name]) => name),
    ...reservationValues(
      draft.reservation.isNews && !draft.reservation.grows ? draft.reservation.now : null,
    ),
  ]);
  const moving: Moving = {
    query,
    schema,
    runNo,
    objectNo: (name) => after.objects.get(name) as number,
    itemCount: before.snapshot.ingest.itemCount,
    nextSequence: before.snapshot.resultSequence + 1,
  };
  for (const change of draft.changes) {
    const fault = await applyChange(moving, change);
    if (fault !== null)
      return left({ type: 'corrupt', message: fault, where: `run ${after.snapshot.runId}` });
  }
  // Last, so that other runs of the scope wait only for the end of the transaction.
  const taken = await reserveFor(query, committer, draft);
  return taken === null ? right(null) : left(taken);
};

const reserveFor = async (
  query: Query,
  committer: Committer,
  { after, reservation, guard }: Draft,
): Promise<PortError | null> => {
  if (reservation.grows && reservation.now !== null)
    return reserve(query, committer, reservation.now, guard, after.snapshot.updatedAtMs);
  return guard === null ? null : faultOfGuard(query, committer, after.snapshot, guard);
};

const moveRun = (schema: string): string => `
  update ${schema}.runs set version = $4, snapshot = $5, status = $6, control_state = $7, created_at_ms = $8, owed_at_ms = $9,
    lease_until = clock_timestamp() + $10 * interval '1 millisecond'
  where run_no = $1 and epoch = $2 and version = $3`;

const storedVersion = async (
  query: Query,
  { schema, runNo, epoch }: Committer,
): Promise<Either<PortError, { readonly version: number }>> => {
  const { rows } = await query(
    `select epoch, version, owner from ${schema}.runs where run_no = $1`,
    [runNo],
  );
  const [row] = rows;
  if (row === undefined || Number(row[0]) !== epoch)
    return left({
      type: 'lease_lost',
      owner: row === undefined ? null : (row[2] as string | null),
    });
  return right({ version: Number(row[1]) });
};

interface BatchRow {
  readonly batchNo: number;
  readonly batchKey: BatchKey;
  readonly state: BatchRecord['state'];
  /** Array literals; null for a known batch. */
  readonly starts: string | null;
  readonly ends: string | null;
  readonly record: string;
  readonly live: string | null;
}

/** Changed batches: new ones with their rows, live ones with their state. */
const batchRows = ({ records, before, after }: Draft): readonly BatchRow[] => {
  const live = new Map(after.snapshot.live.map((batch) => [batch.batchKey, batch]));
  const rowOf = (record: BatchRecord): BatchRow => {
    const { batchNo, batchKey, state, indexes } = record;
    const ranges = before.records.has(batchKey) ? null : rangesOf(indexes);
    const batch = live.get(batchKey);
    return {
      batchNo,
      batchKey,
      state,
      starts: ranges === null ? null : numbers(ranges.starts),
      ends: ranges === null ? null : numbers(ranges.ends),
      record: JSON.stringify(plainRecord(record)),
      live: batch === undefined ? null : JSON.stringify(batch),
    };
  };
  // Live batches also change without a new record, for example their due time.
  const changed = new Set(records.map(({ batchKey }) => batchKey));
  const earlier = new Set(before.snapshot.live);
  const moved = after.snapshot.live.filter(
    (batch) => !earlier.has(batch) && !changed.has(batch.batchKey),
  );
  return [...records, ...moved.flatMap(({ batchKey }) => after.records.get(batchKey) ?? [])].map(
    rowOf,
  );
};

/** JSON is sent as text columns: `jsonb` parameters reject NUL in a message. */
const writeRecords = (schema: string): string => `
  with batch as (
    select * from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      as row (batch_no, batch_key, state, range_starts, range_ends, record, live)
  ), planned as (
    insert into ${schema}.batches (run_no, batch_no, batch_key, state, range_starts, range_ends, record, live)
    select $1, batch_no, batch_key, state, range_starts::int[], range_ends::int[], record::json, live::json
    from batch where range_starts is not null
  ), moved as (
    update ${schema}.batches set state = batch.state, record = batch.record::json, live = batch.live::json
    from batch where run_no = $1 and batches.batch_no = batch.batch_no and batch.range_starts is null
  ), new_events as (
    insert into ${schema}.events (run_no, sequence, event_type, at_ms, data)
    select $1, sequence, event_type, at_ms, data::json
    from unnest($9::bigint[], $10::text[], $11::bigint[], $12::text[]) as row (sequence, event_type, at_ms, data)
  ), reserved as (${writeReservation(
    schema,
    `select * from (values (${reservationRow(15)})) as news (scope, tokens, requests, until_ms, stated, wants) where scope is not null`,
  )}
  )
  insert into ${schema}.objects (run_no, object_no, name)
  select $1, object_no, name from unnest($13::int[], $14::text[]) as row (object_no, name)`;
