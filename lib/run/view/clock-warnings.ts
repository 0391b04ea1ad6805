import type { RunSnapshot } from '../../core/model/snapshot.ts';
import { spanText } from './span-text.ts';
import type { RetryingError } from './warning.ts';

const dayMs = 86_400_000;

/** The last jump of the clock, for one day. `retryAt`: when batchor noticed it. */
export const clockWarnings = ({ clock, updatedAtMs }: RunSnapshot): readonly RetryingError[] =>
  clock === null || Math.abs(updatedAtMs - clock.atMs) > dayMs
    ? []
    : [
        {
          what: 'clock',
          count: clock.jumps,
          message: clockMessage(clock.byMs),
          retryAt: new Date(clock.atMs),
        },
      ];

const clockMessage = (byMs: number): string =>
  byMs > 0
    ? `the clock of this machine jumped ahead by ${spanText(byMs)}, or the machine slept: batchor extended the waits for unconfirmed creates`
    : `the clock of this machine jumped back by ${spanText(byMs)}, or another worker's clock is ahead: batchor moved due times back`;
