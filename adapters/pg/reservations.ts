import {
  isGrowth,
  isReservationNews,
  isWithin,
  quotaScopeOf,
  type Reservation,
  reservationOf,
} from '../../lib/core/plan/quota.ts';
import type { OthersUse, CapacityWanted, StatedLimit } from '../../lib/core/model/queue-state.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { fromStorable, storable } from '../../lib/core/json/storable-text.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { QuotaGuard } from '../../lib/ports/run-store.ts';
import type { RowsOf } from './row-queries.ts';
import type { Query } from './session.ts';

/** The change that one commit makes to the run's reservation. */
export interface ReservationChange {
  /** The published reservation after the commit. */
  readonly now: Reservation | null;
  /** True when the published reservation changes. */
  readonly isNews: boolean;
  /** True when it grows: then one run of the scope commits at a time. */
  readonly grows: boolean;
}

export const reservationChange = (
  published: Reservation | null,
  snapshot: RunSnapshot,
): ReservationChange => {
  const now = reservationOf(snapshot);
  const isNews = isReservationNews(published, now);
  return { now: isNews ? now : published, isNews, grows: isNews && isGrowth(published, now) };
};

/** What the other runs hold at `nowMs`: a sum over their rows, not a counter. */
const sumOfOthers = (
  schema: string,
  run: `$${number}`,
  scope: `$${number}`,
  nowMs: `$${number}`,
): string => `
  select coalesce(sum(tokens) filter (where until_ms > ${nowMs}::bigint), 0)::bigint as tokens,
    coalesce(sum(requests) filter (where until_ms > ${nowMs}::bigint), 0)::bigint as requests,
    (array_agg(stated order by (stated ->> 'atMs')::double precision desc) filter (where stated is not null))[1] as stated,
    json_agg(wants) filter (where wants is not null and until_ms > ${nowMs}::bigint
      and (wants ->> 'untilMs')::double precision > ${nowMs}::bigint) as wants
  from ${schema}.reservations where scope = ${scope} and run_no <> ${run}`;

export const othersInScope = async (
  query: Query,
  { schema, runNo }: RowsOf,
  scope: string,
  nowMs: number,
): Promise<OthersUse> => {
  const { rows } = await query(sumOfOthers(schema, '$1', '$2', '$3'), [
    runNo,
    storable(scope),
    Math.floor(nowMs),
  ]);
  const [tokens, requests, stated, wants] = rows[0] ?? [];
  return {
    tokens: Number(tokens),
    requests: Number(requests),
    stated: (stated ?? null) as StatedLimit | null,
    wants: (wants ?? []) as readonly CapacityWanted[],
  };
};

/** The published reservation of the run; null: none yet, so the next commit publishes it. */
export const publishedReservation = async (
  query: Query,
  { schema, runNo }: RowsOf,
): Promise<Reservation | null> => {
  const { rows } = await query(
    `select scope, tokens, requests, until_ms, stated, wants from ${schema}.reservations where run_no = $1`,
    [runNo],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const [scope, tokens, requests, untilMs, stated, wants] = row;
  return {
    scope: fromStorable(scope as string),
    tokens: Number(tokens),
    requests: Number(requests),
    untilMs: Number(untilMs),
    stated: stated as StatedLimit | null,
    wants: wants as CapacityWanted | null,
  };
};

/** Placeholders and types of `reservationValues`, from parameter number `first` on. */
export const reservationRow = (first: number): string =>
  ['text', 'bigint', 'bigint', 'bigint', 'text', 'text']
    .map((type, at) => `$${first + at}::${type}`)
    .join(', ');
export const reservationValues = (reservation: Reservation | null): readonly unknown[] =>
  reservation === null
    ? [null, null, null, null, null, null]
    : [
        storable(reservation.scope),
        Math.ceil(reservation.tokens),
        Math.ceil(reservation.requests),
        Math.ceil(reservation.untilMs),
        reservation.stated === null ? null : JSON.stringify(reservation.stated),
        reservation.wants === null ? null : JSON.stringify(reservation.wants),
      ];

/** Writes the run's reservation row from a query of its columns; the stated limit comes as text. */
export const writeReservation = (schema: string, query: string): string => `
  insert into ${schema}.reservations (run_no, scope, tokens, requests, until_ms, stated, wants)
  select $1, scope, tokens, requests, until_ms, stated::json, wants::json from (${query}) as published
  on conflict (run_no) do update set scope = excluded.scope, tokens = excluded.tokens, requests = excluded.requests,
    until_ms = excluded.until_ms, stated = excluded.stated, wants = excluded.wants`;

/**
 * Reserves capacity, unless other runs hold more than the guard allows. Other runs that reserve
 * from this scope wait for the end of this transaction and then see its row. The lock is a
 * statement of its own, since a statement only sees what was committed when it began.
 */
export const reserve = async (
  query: Query,
  rows: RowsOf,
  reservation: Reservation,
  guard: QuotaGuard | null,
  nowMs: number,
): Promise<PortError | null> => {
  const { schema, runNo } = rows;
  const { scope } = reservation;
  await query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `batchor quota ${schema} ${storable(scope)}`,
  ]);
  const published = await query(
    writeReservation(
      schema,
      `select mine.* from (values (${reservationRow(2)})) as mine (scope, tokens, requests, until_ms, stated, wants),
        (${sumOfOthers(schema, '$1', '$2', '$8')}) as others
        where $9::bigint is null or (others.tokens <= $9::bigint and others.requests <= $10::bigint)`,
    ),
    [
      runNo,
      ...reservationValues(reservation),
      Math.floor(nowMs),
      guard === null ? null : Math.floor(guard.others.tokens),
      guard === null ? null : Math.floor(guard.others.requests),
    ],
  );
  return published.count > 0 ? null : taken(scope, await othersInScope(query, rows, scope, nowMs));
};

/** Why the guard fails for a commit that reserves nothing; null: it holds. */
export const faultOfGuard = async (
  query: Query,
  rows: RowsOf,
  after: RunSnapshot,
  { others: seen }: QuotaGuard,
): Promise<PortError | null> => {
  const scope = quotaScopeOf(after.config);
  const now = await othersInScope(query, rows, scope, after.updatedAtMs);
  return isWithin(now, seen) ? null : taken(scope, now);
};

const taken = (scope: string, { tokens, requests }: OthersUse): PortError => ({
  type: 'quota_taken',
  message: `other runs of ${scope} hold ${tokens} tokens in ${requests} requests`,
});
