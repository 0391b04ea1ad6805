import { uniform } from '../prng.ts';
import type { FaultInjector } from './fault-injector.ts';
import type { BatchStatus } from './states.ts';

/** How long each step takes; see `FakeProviderOptions`. */
export interface Pace {
  readonly seed: number;
  readonly turnaroundMs: { readonly min: number; readonly max: number };
  readonly validationMs: number;
  readonly finalizingMs: number;
  /** Whether an expired batch keeps the requests that it had answered. */
  readonly keepsPartialAnswers: boolean;
}

/** When each step of a batch happens unless it is cancelled; fixed at its creation. */
export interface Schedule {
  readonly validatedMs: number;
  /** The last request is answered, and `finalizing` begins. */
  readonly finishedMs: number;
  readonly completedMs: number;
  readonly expiresMs: number;
  /** Share of the requests answered at the end of the window; 1 when the batch does not expire. */
  readonly expiredRatio: number;
  /** When it is cancelled from outside, as in the dashboard; null: never. */
  readonly handCancelMs: number | null;
  /** How long cancelling takes. */
  readonly cancellingMs: number;
  /** The batch stops at this time and share and never ends; null: it ends as usual. */
  readonly stuck: {
    readonly atMs: number;
    readonly ratio: number;
    readonly namesFiles: boolean;
  } | null;
  readonly ignoresCancel: boolean;
  /** A status that is shown under another name. */
  readonly shown: { readonly status: BatchStatus; readonly as: string } | null;
}

/** How many times longer validation takes for a missing input file than for a bad line. */
const missingFilePatience = 15;

const cancellingMsMax = 600_000;

/**
 * Draws a batch's schedule. Validation and finalizing take at most a fifth of the turnaround each.
 */
export const scheduleOf = (
  pace: Pace,
  faults: FaultInjector,
  windowMs: number,
  batchNo: number,
  createdMs: number,
): Schedule => {
  const { min, max } = pace.turnaroundMs;
  const turnaroundMs = Math.round(min + (max - min) * uniform(pace.seed, 'turnaround', batchNo));
  const fifthMs = Math.floor(turnaroundMs / 5);
  const validatedMs = createdMs + Math.min(pace.validationMs, fifthMs);
  const finishedMs = createdMs + turnaroundMs - Math.min(pace.finalizingMs, fifthMs);
  const expiresMs = createdMs + windowMs;
  const expires = faults.mark('expires', batchNo);
  const handCancel = faults.mark('cancelled_by_hand', batchNo);
  const isLate = finishedMs >= expiresMs;
  const inTime = isLate ? (expiresMs - validatedMs) / (finishedMs - validatedMs) : 1;
  const endless = faults.mark('never_ends', batchNo);
  const endlessAt = endless === null ? null : (endless.at ?? 'in_progress');
  const shown = faults.mark('status_shown_as', batchNo);
  return {
    validatedMs: endlessAt === 'validating' ? Infinity : validatedMs,
    finishedMs: expires === null && endlessAt !== 'in_progress' ? finishedMs : Infinity,
    completedMs:
      endlessAt === 'finalizing'
        ? Infinity
        : createdMs + turnaroundMs + (faults.mark('slow_finalizing', batchNo)?.forMs ?? 0),
    expiresMs,
    expiredRatio: pace.keepsPartialAnswers ? (expires?.completedRatio ?? inTime) : 0,
    handCancelMs:
      handCancel === null
        ? null
        : Math.round(
            validatedMs +
              (Math.min(finishedMs, expiresMs) - validatedMs) * (handCancel.completedRatio ?? 0.5),
          ),
    cancellingMs:
      endlessAt === 'cancelling'
        ? Infinity
        : Math.round(
            Math.min(cancellingMsMax, fifthMs) * uniform(pace.seed, 'cancelling', batchNo),
          ),
    stuck:
      endlessAt === 'in_progress'
        ? { atMs: finishedMs, ratio: 0.5, namesFiles: endless?.namesFiles === true }
        : null,
    ignoresCancel: endless?.ignoresCancel === true,
    shown: shown === null ? null : { status: shown.status ?? 'completed', as: shown.as },
  };
};

/** When validation reports that the input file does not exist. */
export const missingFileNoticedMs = (schedule: Schedule, createdMs: number): number =>
  createdMs + missingFilePatience * (schedule.validatedMs - createdMs);

/** Share of the requests answered at a time, from 0 to 1. */
export const progressAt = (schedule: Schedule, atMs: number): number => {
  const { stuck } = schedule;
  const endMs =
    stuck !== null
      ? stuck.atMs
      : Number.isFinite(schedule.finishedMs)
        ? schedule.finishedMs
        : schedule.expiresMs;
  const fullRatio =
    stuck !== null ? stuck.ratio : Number.isFinite(schedule.finishedMs) ? 1 : schedule.expiredRatio;
  if (endMs <= schedule.validatedMs) return fullRatio;
  return (
    Math.min(1, Math.max(0, (atMs - schedule.validatedMs) / (endMs - schedule.validatedMs))) *
    fullRatio
  );
};
