import { isLeft, right } from 'fp-ts/lib/Either.js';
import { numbers } from './sql-values.ts';
import type { Session } from './session.ts';

/** A lease on one run, held by this process. */
export interface Lease {
  readonly runNo: number;
  readonly epoch: number;
  /** True once another process is known to have taken the run. */
  readonly isLost: boolean;
  /** Stops renewing the lease. */
  end(): void;
}

export interface Leases {
  hold(runNo: number, epoch: number): Lease;
  stop(): void;
}

/**
 * Renews the leases of all runs of this process in one statement, three times per lease duration.
 */
export const createLeases = (session: Session, leaseTtlMs: number): Leases => {
  const held = new Map<number, { readonly epoch: number; isLost: boolean }>();
  let timer: NodeJS.Timeout | null = null;

  const renew = async (): Promise<void> => {
    const renewing = [...held];
    const renewed = await session.query(async (query) => {
      const { rows } = await query(
        `update ${session.schema}.runs set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
          from unnest($1::int[], $2::bigint[]) as mine (run_no, epoch)
          where runs.run_no = mine.run_no and runs.epoch = mine.epoch returning runs.run_no`,
        [
          numbers(renewing.map(([runNo]) => runNo)),
          numbers(renewing.map(([, { epoch }]) => epoch)),
          leaseTtlMs,
        ],
      );
      return right(new Set(rows.map(([runNo]) => runNo as number)));
    })();
    // The next commit or create reports the loss to the run's driver.
    if (!isLeft(renewed))
      for (const [runNo, lease] of renewing) lease.isLost ||= !renewed.right.has(runNo);
  };
  const schedule = (): void => {
    if (timer !== null || held.size === 0) return;
    timer = setTimeout(() => {
      void renew().finally(() => {
        timer = null;
        schedule();
      });
    }, leaseTtlMs / 3);
    // The timer alone keeps no process alive.
    timer.unref();
  };

  return {
    hold(runNo, epoch) {
      const lease = { epoch, isLost: false };
      held.set(runNo, lease);
      schedule();
      return {
        runNo,
        epoch,
        get isLost() {
          return lease.isLost;
        },
        end: () => {
          if (held.get(runNo) === lease) held.delete(runNo);
        },
      };
    },
    stop() {
      held.clear();
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
};
