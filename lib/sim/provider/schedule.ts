import { uniform } from '../prng.ts';
import type { FaultDesk } from './fault-desk.ts';
import type { ServiceLimits } from './limits.ts';
import type { BatchStatus } from './states.ts';

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
  /** It stops being answered at this time, at this share, and never ends; null: it ends like others. */
  readonly stuck: { readonly atMs: number; readonly ratio: number; readonly namesFiles: boolean } | null;
  readonly ignoresCancel: boolean;
  /** A status that is shown as another word. */
  readonly shown: { readonly status: BatchStatus; readonly as: string } | null;
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
  const endless = desk.mark('never_ends', ordinal);
  const endlessAt = endless === null ? null : (endless.at ?? 'in_progress');
  const shown = desk.mark('status_shown_as', ordinal);
  return {
    validatedMs: endlessAt === 'validating' ? Infinity : validatedMs,
    finishedMs: expires === null && endlessAt !== 'in_progress' ? finishedMs : Infinity,
    completedMs: endlessAt === 'finalizing' ? Infinity : createdMs + turnaroundMs + (desk.mark('slow_finalizing', ordinal)?.forMs ?? 0),
    expiresMs,
    expiredRatio: expires?.completedRatio ?? (isLate ? (expiresMs - validatedMs) / (finishedMs - validatedMs) : 1),
    handCancelMs:
      handCancel === null
        ? null
        : Math.round(validatedMs + (Math.min(finishedMs, expiresMs) - validatedMs) * (handCancel.completedRatio ?? 0.5)),
    cancellingMs:
      endlessAt === 'cancelling' ? Infinity : Math.round(Math.min(cancellingMsMax, fifthMs) * uniform(pace.seed, 'cancelling', ordinal)),
    stuck: endlessAt === 'in_progress' ? { atMs: finishedMs, ratio: 0.5, namesFiles: endless?.namesFiles === true } : null,
    ignoresCancel: endless?.ignoresCancel === true,
    shown: shown === null ? null : { status: shown.status ?? 'completed', as: shown.as },
  };
};

/** When validation notices that the input file does not exist. */
export const missingFileNoticedMs = (schedule: Schedule, createdMs: number): number =>
  createdMs + missingFilePatience * (schedule.validatedMs - createdMs);

/** Share of the requests answered at a time, from 0 to 1. */
export const progressAt = (schedule: Schedule, atMs: number): number => {
  const { stuck } = schedule;
  const endMs = stuck !== null ? stuck.atMs : Number.isFinite(schedule.finishedMs) ? schedule.finishedMs : schedule.expiresMs;
  const fullRatio = stuck !== null ? stuck.ratio : Number.isFinite(schedule.finishedMs) ? 1 : schedule.expiredRatio;
  if (endMs <= schedule.validatedMs) return fullRatio;
  return Math.min(1, Math.max(0, (atMs - schedule.validatedMs) / (endMs - schedule.validatedMs))) * fullRatio;
};
