import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { RunSnapshotCodec } from '../../lib/core/codec/snapshot-codec.ts';
import { pathOfError } from '../../lib/core/codec/event-record.ts';
import type { RunId } from '../../lib/core/values/ids.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { Query, Row } from './session.ts';

/** A run, read from its row and the rows of its live batches. */
export interface StoredRun {
  readonly runNo: number;
  readonly runId: RunId;
  /** The artifact prefix of its objects. No other run uses or used it, in this store or another. */
  readonly payloads: string;
  readonly description: JsonObject | null;
  /** The live owner by the database's clock; null: none. */
  readonly owner: string | null;
  /** Since when it owns the run, by the database's clock; null: unknown, or no owner. */
  readonly ownedSinceMs: number | null;
  readonly snapshot: RunSnapshot;
}

const columns = (schema: string): string => `
  run_no, run_id, payloads, description, case when lease_until > clock_timestamp() then owner end,
  case when lease_until > clock_timestamp() and owned_since_epoch = epoch then floor(extract(epoch from owned_since) * 1000)::float8 end, snapshot,
  (select coalesce(json_agg(live order by batch_no), '[]') from ${schema}.batches where batches.run_no = runs.run_no and live is not null)`;

/** Left says what is wrong with the stored row. */
const decode = ([
  runNo,
  runId,
  payloads,
  description,
  owner,
  ownedSinceMs,
  snapshot,
  live,
]: Row): Either<PortError, StoredRun> => {
  const where = `run ${String(runId)}`;
  const decoded = RunSnapshotCodec.decode({ ...(snapshot as object), live });
  if (isLeft(decoded))
    return left({
      type: 'corrupt',
      message: `${where}: its snapshot is malformed at ${pathOfError(decoded.left)}`,
      where,
    });
  return right({
    runNo: Number(runNo),
    runId: runId as RunId,
    payloads: payloads as string,
    description: description as JsonObject | null,
    owner: owner as string | null,
    ownedSinceMs: ownedSinceMs === null ? null : Number(ownedSinceMs),
    snapshot: decoded.right,
  });
};

/** The created run with this id; right null: there is none. */
export const findRun = async (
  query: Query,
  schema: string,
  runId: RunId,
): Promise<Either<PortError, StoredRun | null>> => {
  const { rows } = await query(
    `select ${columns(schema)} from ${schema}.runs where run_id = $1 and version > 0`,
    [runId],
  );
  return rows[0] === undefined ? right(null) : decode(rows[0]);
};

/** The snapshot, if it is newer than the version. */
export const findNewer = async (
  query: Query,
  schema: string,
  runNo: number,
  version: number,
): Promise<Either<PortError, RunSnapshot | null>> => {
  const text = `select ${columns(schema)} from ${schema}.runs where run_no = $1 and version > $2`;
  const { rows } = await query(text, [runNo, version]);
  if (rows[0] === undefined) return right(null);
  const run = decode(rows[0]);
  return isLeft(run) ? run : right(run.right.snapshot);
};

/** All created runs, newest first. */
export const allRuns = async (
  query: Query,
  schema: string,
): Promise<Either<PortError, readonly StoredRun[]>> => {
  const { rows } = await query(
    `select ${columns(schema)} from ${schema}.runs where version > 0 order by created_at_ms desc, run_id desc`,
  );
  const runs: StoredRun[] = [];
  for (const row of rows) {
    const run = decode(row);
    if (isLeft(run)) return run;
    runs.push(run.right);
  }
  return right(runs);
};
