import { isLeft } from 'fp-ts/lib/Either.js';
import {
  BehaviorSubject,
  exhaustMap,
  mergeWith,
  type Observable,
  Subject,
  type Subscription,
  timer,
} from 'rxjs';
import type { Command } from '../../core/model/command.ts';
import { commitCommand } from '../../engine/commits.ts';
import { toRunEvents } from '../../core/machine/run-event.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { OwnedRun } from '../../ports/run-store.ts';
import { createEngine, type Told } from '../../engine/engine.ts';
import type { EnginePorts } from '../../effects/ports.ts';
import { fromEngineFailure, must } from '../api/interop.ts';
import { commandsOf, fromInbox } from '../control/run-request.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';

/** Milliseconds between two polls of the inbox. */
const inboxMsDefault = 1_000;

/** A run that this process owns and drives. */
export interface Driver {
  readonly run: OwnedRun;
  readonly hasSource: boolean;
  readonly snapshot: RunSnapshot;
  /**
   * The latest snapshot, then every change. Completes when driving ends. Errors with a
   * `BatchorError` when the store fails.
   */
  readonly changes$: Observable<RunSnapshot>;
  readonly events$: Observable<RunEvent>;
  execute(command: Command): Promise<Told>;
  /** True while only a timer or a command can move the run. */
  readonly isQuiet: boolean;
  /** Polls the inbox now. */
  pollInbox(): void;
  /** Stops driving and releases the run. */
  close(): Promise<void>;
}

/** Records the new owner. Creates that were in flight become unconfirmed. */
export const commitOpening = async (run: OwnedRun, atMs: number): Promise<void> => {
  await must(commitCommand(run, { type: 'OpenRun', atMs }), { runId: run.runId });
};

/** Records an orderly release, so that the next owner does not count this one as lost. */
const leave = async (run: OwnedRun, atMs: number): Promise<void> => {
  await commitCommand(run, { type: 'ReleaseRun', atMs })().catch(() => undefined);
};

/**
 * Drives until the run finishes, the store fails, or `close`. Requires `commitOpening` before.
 */
export const startDriver = (
  ports: EnginePorts,
  onEnd: () => void,
  inboxMs: number = inboxMsDefault,
): Driver => {
  const { run, scheduler } = ports;
  const engine = createEngine(ports);
  const changes$ = new BehaviorSubject<RunSnapshot>(run.snapshot);
  const events$ = new Subject<RunEvent>();
  const inboxPolls$ = new Subject<0>();
  let closing: Promise<void> | null = null;
  let inbox: Subscription | null = null;

  const release = async (): Promise<void> => {
    inbox?.unsubscribe();
    // Readers use the store from now on. Calls already made to this driver still get their answer.
    onEnd();
    await leave(run, scheduler.now());
    await run.close();
  };
  const steps = engine.steps$.subscribe({
    next: ({ events, snapshot, fromVersion }) => {
      for (const { atMs, ...event } of toRunEvents(run.runId, fromVersion, events))
        events$.next({ ...event, at: new Date(atMs) });
      changes$.next(snapshot);
    },
    error: (failure: unknown) => {
      closing ??= release().catch(() => undefined);
      void closing.then(() => {
        changes$.error(fromEngineFailure(failure, { runId: run.runId }));
        events$.complete();
      });
    },
    complete: () => {
      closing ??= release();
      void closing.finally(() => {
        changes$.complete();
        events$.complete();
      });
    },
  });
  // A finished run never starts its inbox: the stream above may have completed at once.
  if (closing === null)
    inbox = timer(0, inboxMs, scheduler)
      .pipe(
        mergeWith(inboxPolls$),
        exhaustMap(() =>
          drainInbox(
            run,
            (command) => engine.tell(command),
            () => scheduler.now(),
          ).catch(() => undefined),
        ),
      )
      .subscribe();

  return {
    run,
    hasSource: ports.source !== null,
    get snapshot() {
      return engine.snapshot;
    },
    changes$,
    events$,
    execute: (command) => engine.tell(command),
    get isQuiet() {
      return engine.isQuiet;
    },
    pollInbox: () => inboxPolls$.next(0),
    close() {
      closing ??= engine.drain().then(async () => {
        steps.unsubscribe();
        await release();
        changes$.complete();
        events$.complete();
      });
      return closing;
    },
  };
};

/**
 * Applies the requests of other processes, oldest first. Removes each one once its effect is
 * durable, or once the core has rejected it.
 */
const drainInbox = async (
  run: OwnedRun,
  execute: (command: Command) => Promise<Told>,
  nowMs: () => number,
): Promise<void> => {
  if (isFinished(run.snapshot)) return;
  const waiting = await run.inbox()();
  if (isLeft(waiting)) return;
  for (const left of waiting.right) {
    const request = fromInbox(left);
    if (request !== null) {
      for (const command of commandsOf(request, run.snapshot, nowMs())) {
        const answer = await execute(command);
        // Driving ended, but the run did not: the request stays for the next driver.
        if (isLeft(answer) && answer.left.type === 'run_finished' && !isFinished(run.snapshot))
          return;
      }
    }
    await run.removeCommand(left.id)();
  }
};
