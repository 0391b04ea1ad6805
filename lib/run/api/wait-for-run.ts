import { type SchedulerLike, timer } from 'rxjs';
import { canProgress, isStandingStill } from '../../core/machine/progress.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import { stopReason } from '../drive/stop-reason.ts';
import { pull } from '../drive/watch.ts';
import { type RunSummary, summaryOf } from '../view/summary.ts';
import { BatchorError } from './errors.ts';
import type { RunHost } from './run-host.ts';
import type { RunView } from './run-view.ts';
import type { WaitOptions } from './run.ts';

/**
 * Resolves when the run is finished. Rejects when it needs an operator or its input (`run_paused`,
 * `batch_unresolved`, `source_required`), after `timeoutMs` (`wait_timed_out`), and when the runner
 * or the handle is closed (`runner_closed`).
 */
export const waitForRun = (
  view: RunView,
  host: RunHost,
  options: WaitOptions,
): Promise<RunSummary> =>
  withTimeout(options, view.runId, host.scheduler, (limited) => settled(view, host, limited));

/**
 * For a follower of results that drives nothing: throws what `wait` rejects with, once the run
 * cannot progress without you. A snapshot that is no longer the newest says nothing: the run may
 * have been resumed since, and the newest one is checked in its turn.
 */
export const requireProgress = (
  view: RunView,
  host: RunHost,
  snapshot: RunSnapshot,
  onPaused: WaitOptions['onPaused'] = 'reject',
): void => {
  if (isFinished(snapshot) || snapshot.version < view.current().version) return;
  const nowMs = host.scheduler.now();
  if (isBlockedRun(snapshot, host.driverOf()?.hasSource ?? true, nowMs, onPaused))
    throw stopReason(snapshot, nowMs);
};

const isBlockedRun = (
  snapshot: RunSnapshot,
  hasSource: boolean,
  nowMs: number,
  onPaused: WaitOptions['onPaused'],
): boolean =>
  !canProgress(snapshot, hasSource, nowMs) &&
  !(onPaused === 'wait' && snapshot.control.state === 'paused');

const settled = async (
  view: RunView,
  host: RunHost,
  { signal, onPaused = 'reject' }: WaitOptions,
): Promise<RunSummary> => {
  signal?.throwIfAborted();
  const isBlocked = (snapshot: RunSnapshot, hasSource: boolean): boolean =>
    isBlockedRun(snapshot, hasSource, host.scheduler.now(), onPaused);
  for (;;) {
    const driver = host.driverOf() ?? (isFinished(view.current()) ? null : await host.tryDrive());
    const hasSource = driver?.hasSource ?? true;
    // An owner that died emits no change, so a follower needs every poll.
    for await (const snapshot of pull(
      driver === null ? view.watched('every poll') : view.changes$,
      signal,
    )) {
      if (isFinished(snapshot)) return summaryOf(snapshot);
      if (isBlocked(snapshot, hasSource)) {
        // Releases a run that only lacks its input, so that a process with the input can own it.
        if (isStandingStill(snapshot, hasSource) && !isStandingStill(snapshot, true))
          await driver?.close();
        throw stopReason(snapshot, host.scheduler.now());
      }
      // The owner has ended: this process drives from now on.
      if (driver === null && (await host.tryDrive()) !== null) break;
    }
    if (isFinished(view.current())) return summaryOf(view.current());
    if (view.isDisposed || host.isClosed()) {
      const what = view.isDisposed
        ? `this handle of run ${view.runId} was disposed of`
        : 'the runner was closed';
      throw new BatchorError(
        'runner_closed',
        {},
        `${what} during wait()`,
        'The run is kept: getRun() returns a new handle.',
      );
    }
  }
};

const withTimeout = async (
  options: WaitOptions,
  runId: string,
  scheduler: SchedulerLike,
  wait: (options: WaitOptions) => Promise<RunSummary>,
): Promise<RunSummary> => {
  const { timeoutMs, signal } = options;
  if (timeoutMs === undefined) return wait(options);
  const timeout = new AbortController();
  const timedOut = timer(timeoutMs, scheduler).subscribe(() => {
    const message = `run ${runId} did not finish within ${timeoutMs} ms`;
    timeout.abort(
      new BatchorError(
        'wait_timed_out',
        { runId, timeoutMs },
        message,
        'The run continues; wait again.',
      ),
    );
  });
  try {
    return await wait({
      ...options,
      signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
    });
  } finally {
    timedOut.unsubscribe();
  }
};
