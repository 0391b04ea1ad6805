import type { SchedulerLike } from 'rxjs';
import type { RunId } from '../../core/values/ids.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { Driver } from '../drive/driver.ts';

/** The run that a request goes to, whichever process drives it. */
export interface RequestTarget {
  readonly store: RunStore;
  readonly runId: RunId;
  /** The driver in this process, until it has released the run. */
  readonly driver: Driver | undefined;
  readonly scheduler: SchedulerLike;
}

/**
 * How long to wait for an owner in another process. Longer than it takes to detect a dead owner.
 */
export const answerMsMax = 45_000;
/** Milliseconds between two checks. */
export const pollMs = 200;
