import { batchWindowMs } from '../values/service-traits.ts';
import type { RunConfig } from '../model/config.ts';
import {
  noUse,
  type OthersUse,
  type QuotaUse,
  type CapacityWanted,
  type StatedLimit,
} from '../model/queue-state.ts';
import { isFinished, type RunSnapshot } from '../model/snapshot.ts';

/**
 * What one run holds of its scope's queue, as it is published to the other runs of the store. A sum
 * over its unsettled batches, never a counter.
 */
export interface Reservation extends QuotaUse {
  readonly scope: string;
  /**
   * Expires then, unless it is published again: a run without an owner must not block the others
   * for ever.
   */
  readonly untilMs: number;
  readonly stated: StatedLimit | null;
  /** Null: it does not wait for capacity. */
  readonly wants: CapacityWanted | null;
}

/** Runs of one scope share one queue: by default those of one connection and one model. */
export const quotaScopeOf = ({ provider, operation }: RunConfig): string =>
  operation.enqueue.quotaScope ?? `${provider.connection}/${provider.model}`;

const dayMs = 86_400_000;

/** What the run's unsettled batches hold. O(live batches). */
export const usedBudget = (snapshot: RunSnapshot): QuotaUse => {
  let tokens = 0;
  let requests = 0;
  for (const batch of snapshot.live) {
    tokens += batch.inputTokens;
    requests += batch.requests;
  }
  return { tokens, requests };
};

/**
 * How long a reservation counts after it was last published: the batch window and a day. By then
 * its batches are over.
 */
export const reservationOf = (snapshot: RunSnapshot): Reservation => ({
  scope: quotaScopeOf(snapshot.config),
  ...(isFinished(snapshot) ? noUse : usedBudget(snapshot)),
  untilMs: snapshot.updatedAtMs + (batchWindowMs(snapshot.config) ?? dayMs) + dayMs,
  stated: snapshot.queue.stated,
  wants: wantedBy(snapshot),
});

const patienceMs = 300_000;

const wantedBy = ({
  control,
  backlog: { needs, tokens },
  totals,
}: RunSnapshot): CapacityWanted | null =>
  control.state !== 'running' || needs === null || needs.retryAtMs === null
    ? null
    : {
        tokens,
        requests: totals.pending,
        sinceMs: needs.sinceMs,
        untilMs: needs.retryAtMs + patienceMs,
      };

/**
 * True when the reservation has to be published: the amount, the scope, the stated limit or the
 * wait for capacity has changed, or the old one is about to expire.
 */
export const isReservationNews = (published: Reservation | null, now: Reservation): boolean =>
  published === null
    ? now.tokens > 0 || now.requests > 0 || now.stated !== null || now.wants !== null
    : published.scope !== now.scope ||
      published.tokens !== now.tokens ||
      published.requests !== now.requests ||
      published.stated?.atMs !== now.stated?.atMs ||
      published.wants?.untilMs !== now.wants?.untilMs ||
      ((now.tokens > 0 || now.requests > 0) && now.untilMs - published.untilMs > dayMs / 2);

/**
 * True when more is held than was published, or of another queue: it has to be published before the
 * batch is sent.
 */
export const isGrowth = (published: Reservation | null, now: Reservation): boolean =>
  published === null || published.scope !== now.scope
    ? now.tokens > 0 || now.requests > 0
    : now.tokens > published.tokens || now.requests > published.requests;

/** Whether the use stays within the limits, tokens and requests alike. */
export const isWithin = (use: QuotaUse, max: QuotaUse): boolean =>
  use.tokens <= max.tokens && use.requests <= max.requests;

/** The others' reservations, added up. */
export const othersOf = (
  reservations: Iterable<Reservation>,
  scope: string,
  nowMs: number,
): OthersUse => {
  let tokens = 0;
  let requests = 0;
  let stated: StatedLimit | null = null;
  const wants: CapacityWanted[] = [];
  for (const reservation of reservations) {
    if (reservation.scope !== scope) continue;
    stated = laterOf(stated, reservation.stated);
    if (reservation.untilMs <= nowMs) continue;
    tokens += reservation.tokens;
    requests += reservation.requests;
    if (reservation.wants !== null && reservation.wants.untilMs > nowMs)
      wants.push(reservation.wants);
  }
  return { tokens, requests, stated, wants };
};

/** The limit that was stated later; null where neither was. */
export const laterOf = (a: StatedLimit | null, b: StatedLimit | null): StatedLimit | null =>
  a === null || (b !== null && b.atMs > a.atMs) ? b : a;
