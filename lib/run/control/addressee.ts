import type { SchedulerLike } from 'rxjs';
import type { RunId } from '../../core/values/ids.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { Driver } from '../drive/driver.ts';

/** A run that is told something, or asked for, whoever drives it. */
export interface Addressee {
  readonly store: RunStore;
  readonly runId: RunId;
  /** The driver of this process, if it drives, or has not given the run back yet. */
  readonly driver: Driver | undefined;
  readonly scheduler: SchedulerLike;
}

/** How long an owner in another process is waited for: longer than it takes to find out that it is dead. */
export const answerMsMax = 45_000;
/** Between two looks. */
export const lookMs = 200;
