import type { RunSnapshot } from '../../core/model/snapshot.ts';
import { spanText } from './span-text.ts';
import type { Trouble } from './trouble.ts';

const dayMs = 86_400_000;

/** The last jump of the clock, while it is less than a day ago; `retryAt` is when it was noticed, since nothing is left to do. */
export const clockTroubles = ({ clock, updatedAtMs }: RunSnapshot): readonly Trouble[] =>
  clock === null || Math.abs(updatedAtMs - clock.atMs) > dayMs
    ? []
    : [{ what: 'clock', count: clock.jumps, message: clockMessage(clock.byMs), retryAt: new Date(clock.atMs) }];

const clockMessage = (byMs: number): string =>
  byMs > 0
    ? `the clock of this machine went ahead by ${spanText(byMs)}, or the machine slept: waits for lost creates were extended by that`
    : `the clock of this machine went back by ${spanText(byMs)}, or another worker's clock is ahead: due times were moved back`;
