import { isLeft } from 'fp-ts/lib/Either.js';
import { BehaviorSubject, exhaustMap, mergeWith, type Observable, Subject, type Subscription, timer } from 'rxjs';
import type { Command } from '../../core/model/command.ts';
import { commitCommand } from '../../engine/commit-command.ts';
import { toRunEvents } from '../../core/machine/run-event.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { OwnedRun } from '../../ports/run-store.ts';
import { createEngine, type Told } from '../../engine/engine.ts';
import type { EnginePorts } from '../../effects/ports.ts';
import { fromEngineFailure, must } from '../api/interop.ts';
import { commandsOf, fromInbox } from '../control/wish.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';

/** Other processes' wishes are looked for this often. */
const inboxMsDefault = 1_000;

/** A run that this process owns and drives. */
export interface Driver {
  readonly run: OwnedRun;
  readonly hasSource: boolean;
  readonly snapshot: RunSnapshot;
  /** The latest snapshot, then every change; completes when the driving ends, errors with a `BatchorError` when the ground gives way. */
  readonly changes$: Observable<RunSnapshot>;
  readonly events$: Observable<RunEvent>;
  tell(command: Command): Promise<Told>;
  /** True while only time, or a command, can move the run. */
  readonly isQuiet: boolean;
  /** Looks for what other processes left, now. */
  lookForCommands(): void;
  /** Stops driving and gives the run back; it stays as it is. */
  close(): Promise<void>;
}

/** A new owner says so first: creates that were in flight are unclear from then on. */
export const commitOpening = async (run: OwnedRun, atMs: number): Promise<void> => {
  await must(commitCommand(run, { type: 'OpenRun', atMs }), { runId: run.runId });
};

/** The run was not lost with its process, which the next owner would believe otherwise. A commit that fails changes nothing of that. */
const leave = async (run: OwnedRun, atMs: number): Promise<void> => {
  await commitCommand(run, { type: 'ReleaseRun', atMs })().catch(() => undefined);
};

/** Drives until the run finishes, the ground gives way, or `close`. The run must have been opened (`commitOpening`). */
export const startDriver = (ports: EnginePorts, onEnd: () => void, inboxMs: number = inboxMsDefault): Driver => {
  const { run, scheduler } = ports;
  const engine = createEngine(ports);
  const changes$ = new BehaviorSubject<RunSnapshot>(run.snapshot);
  const events$ = new Subject<RunEvent>();
  const looks$ = new Subject<0>();
  let closing: Promise<void> | null = null;
  let inbox: Subscription | null = null;

  const release = async (): Promise<void> => {
    inbox?.unsubscribe();
    // Readers turn to the store from now on; what they asked of the owner before is still answered.
    onEnd();
    await leave(run, scheduler.now());
    await run.close();
  };
  const steps = engine.steps$.subscribe({
    next: ({ events, snapshot, fromVersion }) => {
      for (const { atMs, ...event } of toRunEvents(run.runId, fromVersion, events)) events$.next({ ...event, at: new Date(atMs) });
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
        mergeWith(looks$),
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
    tell: (command) => engine.tell(command),
    get isQuiet() {
      return engine.isQuiet;
    },
    lookForCommands: () => looks$.next(0),
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

/** Applies what other processes left, oldest first; a command is removed once its effect is durable, or was refused for good. */
const drainInbox = async (run: OwnedRun, tell: (command: Command) => Promise<Told>, nowMs: () => number): Promise<void> => {
  if (isFinished(run.snapshot)) return;
  const waiting = await run.inbox()();
  if (isLeft(waiting)) return;
  for (const command of waiting.right) {
    const wish = fromInbox(command);
    if (wish !== null) {
      for (const wished of commandsOf(wish, run.snapshot, nowMs())) {
        const told = await tell(wished);
        // The driving ended, not the run: the command is for whoever drives it next.
        if (isLeft(told) && told.left.type === 'run_finished' && !isFinished(run.snapshot)) return;
      }
    }
    await run.removeCommand(command.id)();
  }
};
