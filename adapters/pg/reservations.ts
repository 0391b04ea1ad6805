import { isGrowth, isReservationNews, isWithin, quotaScopeOf, type Reservation, reservationOf } from '../../lib/core/plan/quota.ts';
import type { OthersUse, RoomWanted, StatedLimit } from '../../lib/core/model/queue-state.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { fromStorable, storable } from '../../lib/core/json/storable-text.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { QuotaGuard } from '../../lib/ports/run-store.ts';
import type { RowsOf } from './row-queries.ts';
import type { Ask } from './session.ts';

/** What one commit makes of the run's reservation. */
export interface ReservationChange {
  /** What the other runs will have been told. */
  readonly now: Reservation | null;
  /** Others have to be told. */
  readonly isNews: boolean;
  /** More is taken: one run of the scope at a time. */
  readonly grows: boolean;
}

export const reservationChange = (told: Reservation | null, snapshot: RunSnapshot): ReservationChange => {
  const now = reservationOf(snapshot);
  const isNews = isReservationNews(told, now);
  return { now: isNews ? now : told, isNews, grows: isNews && isGrowth(told, now) };
};

/** What the others hold by then: a sum over their rows, never a counter. */
const sumOfOthers = (schema: string, run: `$${number}`, scope: `$${number}`, nowMs: `$${number}`): string => `
  select coalesce(sum(tokens) filter (where until_ms > ${nowMs}::bigint), 0)::bigint as tokens,
    coalesce(sum(requests) filter (where until_ms > ${nowMs}::bigint), 0)::bigint as requests,
    (array_agg(stated order by (stated ->> 'atMs')::double precision desc) filter (where stated is not null))[1] as stated,
    json_agg(wants) filter (where wants is not null and until_ms > ${nowMs}::bigint
      and (wants ->> 'untilMs')::double precision > ${nowMs}::bigint) as wants
  from ${schema}.reservations where scope = ${scope} and run_no <> ${run}`;

export const othersInScope = async (ask: Ask, { schema, runNo }: RowsOf, scope: string, nowMs: number): Promise<OthersUse> => {
  const { rows } = await ask(sumOfOthers(schema, '$1', '$2', '$3'), [runNo, storable(scope), Math.floor(nowMs)]);
  const [tokens, requests, stated, wants] = rows[0] ?? [];
  return {
    tokens: Number(tokens),
    requests: Number(requests),
    stated: (stated ?? null) as StatedLimit | null,
    wants: (wants ?? []) as readonly RoomWanted[],
  };
};

/** What the others have been told of the run; null: nothing yet, and its next commit tells. */
export const toldReservation = async (ask: Ask, { schema, runNo }: RowsOf): Promise<Reservation | null> => {
  const { rows } = await ask(`select scope, tokens, requests, until_ms, stated, wants from ${schema}.reservations where run_no = $1`, [
    runNo,
  ]);
  const [row] = rows;
  if (row === undefined) return null;
  const [scope, tokens, requests, untilMs, stated, wants] = row;
  return {
    scope: fromStorable(scope as string),
    tokens: Number(tokens),
    requests: Number(requests),
    untilMs: Number(untilMs),
    stated: stated as StatedLimit | null,
    wants: wants as RoomWanted | null,
  };
};

/** Places and types of `reservationValues`, from a parameter on. */
export const reservationRow = (first: number): string =>
  ['text', 'bigint', 'bigint', 'bigint', 'text', 'text'].map((type, place) => `$${first + place}::${type}`).join(', ');
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

/** Writes the run's row, from a query of its columns; the stated limit comes as text. */
export const tellReservation = (schema: string, query: string): string => `
  insert into ${schema}.reservations (run_no, scope, tokens, requests, until_ms, stated, wants)
  select $1, scope, tokens, requests, until_ms, stated::json, wants::json from (${query}) as told
  on conflict (run_no) do update set scope = excluded.scope, tokens = excluded.tokens, requests = excluded.requests,
    until_ms = excluded.until_ms, stated = excluded.stated, wants = excluded.wants`;

/**
 * Takes the room, unless others hold more than the guard says. Others who take some of this scope wait until this transaction is over,
 * and see what it has told: the lock is asked for by a statement of its own, since a statement sees what was committed when it began.
 */
export const takeRoom = async (
  ask: Ask,
  rows: RowsOf,
  reservation: Reservation,
  guard: QuotaGuard | null,
  nowMs: number,
): Promise<PortError | null> => {
  const { schema, runNo } = rows;
  const { scope } = reservation;
  await ask('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`batchor quota ${schema} ${storable(scope)}`]);
  const told = await ask(
    tellReservation(
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
  return told.count > 0 ? null : taken(scope, await othersInScope(ask, rows, scope, nowMs));
};

/** Why room that was looked at, and not taken, is none. */
export const faultOfGuard = async (ask: Ask, rows: RowsOf, after: RunSnapshot, { others: seen }: QuotaGuard): Promise<PortError | null> => {
  const scope = quotaScopeOf(after.config);
  const now = await othersInScope(ask, rows, scope, after.updatedAtMs);
  return isWithin(now, seen) ? null : taken(scope, now);
};

const taken = (scope: string, { tokens, requests }: OthersUse): PortError => ({
  type: 'quota_taken',
  message: `other runs of ${scope} hold ${tokens} tokens in ${requests} requests`,
});
