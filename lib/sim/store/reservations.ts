import type { RunId } from '../../core/values/ids.ts';
import { isReservationNews, othersOf, type Reservation } from '../../core/plan/quota.ts';
import type { OthersUse } from '../../core/model/queue-state.ts';

/** The reservations that the runs of one store have published. */
export interface Reservations {
  publish(runId: RunId, reservation: Reservation): void;
  others(runId: RunId, scope: string, nowMs: number): OthersUse;
  forget(runId: RunId): void;
}

export const createReservations = (): Reservations => {
  const published = new Map<RunId, Reservation>();
  return {
    publish(runId, reservation) {
      if (isReservationNews(published.get(runId) ?? null, reservation))
        published.set(runId, reservation);
    },
    others: (runId, scope, nowMs) =>
      othersOf(
        [...published].filter(([other]) => other !== runId).map(([, reservation]) => reservation),
        scope,
        nowMs,
      ),
    forget: (runId) => void published.delete(runId),
  };
};
