import { uniform } from '../prng.ts';
import type { FaultDesk } from './fault-desk.ts';
import type { ServiceLimits } from './limits.ts';

/** How long things take; see `FakeProviderOptions`. */
export interface Pace {
  readonly seed: number;
  readonly turnaroundMs: { readonly min: number; readonly max: number };
  readonly validationMs: number;
  readonly finalizingMs: number;
}

/** When each thing will happen to a batch unless somebody cancels it; all decided at its creation. */
export interface Schedule {
  readonly validatedMs: number;
  /** The last request is answered: `finalizing` begins. */
  readonly finishedMs: number;
  readonly completedMs: number;
  readonly expiresMs: number;
  /** Share of the requests answered at the end of the window; 1 when the batch does not expire. */
  readonly expiredRatio: number;
  /** Somebody cancels by hand at this time; null when nobody does. */
  readonly handCancelMs: number | null;
  /** How long cancelling takes. */
  readonly cancellingMs: number;
}

/** A missing input file is noticed so many times later than a bad line. */
const missingFilePatience = 15;

const cancellingMsMax = 600_000;

/** Draws a batch's schedule. Validation and finalizing take at most a fifth of the turnaround each. */
export const scheduleOf = (pace: Pace, desk: FaultDesk, limits: ServiceLimits, ordinal: number, createdMs: number): Schedule => {
  const { min, max } = pace.turnaroundMs;
  const turnaroundMs = Math.round(min + (max - min) * uniform(pace.seed, 'turnaround', ordinal));
  const fifthMs = Math.floor(turnaroundMs / 5);
  const validatedMs = createdMs + Math.min(pace.validationMs, fifthMs);
  const finishedMs = createdMs + turnaroundMs - Math.min(pace.finalizingMs, fifthMs);
  const expiresMs = createdMs + limits.windowMs;
  const expires = desk.mark('expires', ordinal);
  const handCancel = desk.mark('cancelled_by_hand', ordinal);
  const isLate = finishedMs >= expiresMs;
  return {
    validatedMs,
    finishedMs: expires === null ? finishedMs : Infinity,
    completedMs: createdMs + turnaroundMs + (desk.mark('slow_finalizing', ordinal)?.forMs ?? 0),
    expiresMs,
    expiredRatio: expires?.completedRatio ?? (isLate ? (expiresMs - validatedMs) / (finishedMs - validatedMs) : 1),
    handCancelMs:
      handCancel === null
        ? null
        : Math.round(validatedMs + (Math.min(finishedMs, expiresMs) - validatedMs) * (handCancel.completedRatio ?? 0.5)),
    cancellingMs: Math.round(Math.min(cancellingMsMax, fifthMs) * uniform(pace.seed, 'cancelling', ordinal)),
  };
};

/** When validation notices that the input file does not exist. */
export const missingFileNoticedMs = (schedule: Schedule, createdMs: number): number =>
  createdMs + missingFilePatience * (schedule.validatedMs - createdMs);

/** Share of the requests answered at a time, from 0 to 1. */
export const progressAt = (schedule: Schedule, atMs: number): number => {
  const endMs = Number.isFinite(schedule.finishedMs) ? schedule.finishedMs : schedule.expiresMs;
  const fullRatio = Number.isFinite(schedule.finishedMs) ? 1 : schedule.expiredRatio;
  if (endMs <= schedule.validatedMs) return fullRatio;
  return Math.min(1, Math.max(0, (atMs - schedule.validatedMs) / (endMs - schedule.validatedMs))) * fullRatio;
};
