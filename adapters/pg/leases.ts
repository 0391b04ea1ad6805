import { isLeft, right } from 'fp-ts/lib/Either.js';
import { numbers } from './sql-values.ts';
import type { Session } from './session.ts';

/** One run, owned by this process. */
export interface Lease {
  readonly runNo: number;
  readonly epoch: number;
  /** True once it is known that somebody else has taken over. */
  readonly isLost: boolean;
  /** No further sign of life is given for it. */
  end(): void;
}

export interface Leases {
  hold(runNo: number, epoch: number): Lease;
  stop(): void;
}

/** Gives the signs of life of all runs that this process owns, in one statement, three times in the time after which they count as dead. */
export const createLeases = (session: Session, leaseTtlMs: number): Leases => {
  const held = new Map<number, { readonly epoch: number; isLost: boolean }>();
  let timer: NodeJS.Timeout | null = null;

  const renew = async (): Promise<void> => {
    const asked = [...held];
    const renewed = await session.ask(async (ask) => {
      const { rows } = await ask(
        `update ${session.schema}.runs set lease_until = clock_timestamp() + $3 * interval '1 millisecond'
          from unnest($1::int[], $2::bigint[]) as mine (run_no, epoch)
          where runs.run_no = mine.run_no and runs.epoch = mine.epoch returning runs.run_no`,
        [numbers(asked.map(([runNo]) => runNo)), numbers(asked.map(([, { epoch }]) => epoch)), leaseTtlMs],
      );
      return right(new Set(rows.map(([runNo]) => runNo as number)));
    })();
    // The next commit, or the next create, says the same to whoever drives the run.
    if (!isLeft(renewed)) for (const [runNo, lease] of asked) lease.isLost ||= !renewed.right.has(runNo);
  };
  const schedule = (): void => {
    if (timer !== null || held.size === 0) return;
    timer = setTimeout(() => {
      void renew().finally(() => {
        timer = null;
        schedule();
      });
    }, leaseTtlMs / 3);
    // Owning alone keeps no process alive.
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
