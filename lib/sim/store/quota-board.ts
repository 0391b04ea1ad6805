import type { RunId } from '../../core/values/ids.ts';
import { isReservationNews, othersOf, type Reservation } from '../../core/plan/quota.ts';
import type { OthersUse } from '../../core/model/queue-state.ts';

/** What the runs of one store have told each other of what they hold of their queues. */
export interface QuotaBoard {
  tell(runId: RunId, reservation: Reservation): void;
  others(runId: RunId, scope: string, nowMs: number): OthersUse;
  forget(runId: RunId): void;
}

export const createQuotaBoard = (): QuotaBoard => {
  const told = new Map<RunId, Reservation>();
  return {
    tell(runId, reservation) {
      if (isReservationNews(told.get(runId) ?? null, reservation)) told.set(runId, reservation);
    },
    others: (runId, scope, nowMs) =>
      othersOf(
        [...told].filter(([other]) => other !== runId).map(([, reservation]) => reservation),
        scope,
        nowMs,
      ),
    forget: (runId) => void told.delete(runId),
  };
};
