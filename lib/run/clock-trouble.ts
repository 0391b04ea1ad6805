import type { RunSnapshot } from '../core/snapshot.ts';
import type { Trouble } from './trouble.ts';

const dayMs = 86_400_000;

/** The last jump of the clock, while it is less than a day ago; `retryAt` is when it was noticed, since nothing is left to do. */
export const clockTroubles = ({ clock, updatedAtMs }: RunSnapshot): readonly Trouble[] =>
  clock === null || Math.abs(updatedAtMs - clock.atMs) > dayMs
    ? []
    : [{ what: 'clock', count: clock.jumps, message: clockMessage(clock.byMs), retryAt: new Date(clock.atMs) }];

const clockMessage = (byMs: number): string =>
  byMs > 0
    ? `the clock of this machine went ahead by ${spanOf(byMs)}, or the machine slept: waits for lost creates were extended by that`
    : `the clock of this machine went back by ${spanOf(byMs)}, or another worker's clock is ahead: due times were moved back`;

/** `2 days`, `3 hours`: the largest unit that it has at least one of. */
const spanOf = (ms: number): string => {
  const [unit, unitMs] = units.find(([, size]) => Math.abs(ms) >= size) ?? lastUnit;
  const count = Math.round((Math.abs(ms) / unitMs) * 10) / 10;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
};
const lastUnit = ['second', 1_000] as const;
const units: readonly (readonly [string, number])[] = [['day', dayMs], ['hour', 3_600_000], ['minute', 60_000], lastUnit];
