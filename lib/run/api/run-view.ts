import { defer, EMPTY, merge, Observable, Subject, takeUntil, tap } from 'rxjs';
import type { RunEvent } from '../../core/machine/run-event.ts';
import { sumOfTotals } from '../../core/model/item.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { pagesOnChange, watchRun } from '../drive/watch.ts';
import { BatchorError } from './errors.ts';
import { must } from './interop.ts';
import type { RunHost } from './run-host.ts';

const pageRows = 1_000;

/** What a handle sees of its run. */
export interface RunView {
  readonly runId: string;
  /** The newest snapshot that this handle has seen. */
  current(): RunSnapshot;
  /** The newest reader of rows and results: the owner's own if this process drives. */
  rows(): RunReader;
  /** Snapshots until the run finishes, or the handle or its runner is closed. */
  watched(emits: 'changes' | 'every poll'): Observable<RunSnapshot>;
  readonly changes$: Observable<RunSnapshot>;
  eventPagesFrom(afterSequence: number): Observable<RunEvent>;
  /** Reads the newest state, unless this process drives and so has it. */
  refresh(): Promise<void>;
  /** Rejects with `run_not_finished`. */
  requireFinished(): Promise<void>;
  readonly isDisposed: boolean;
  /** Ends all subscriptions and closes the reader. */
  dispose(): Promise<void>;
}

export const createRunView = (reader: RunReader, host: RunHost): RunView => {
  const context = { runId: reader.runId };
  const ended$ = new Subject<void>();
  let isDisposed = false;
  let newest = reader.snapshot;
  const note = (snapshot: RunSnapshot): RunSnapshot => {
    if (snapshot.version > newest.version) newest = snapshot;
    return newest;
  };
  const current = (): RunSnapshot => {
    // A driver that has ended here may be ahead of a reader that was not refreshed since.
    if (host.lastSeen.snapshot !== null) note(host.lastSeen.snapshot);
    return note(host.driverOf()?.snapshot ?? reader.snapshot);
  };
  const rows = (): RunReader => host.driverOf()?.run ?? reader;
  const refresh = async (): Promise<void> => {
    if (host.driverOf() === undefined) await must(reader.refresh(), context);
  };
  const watched: RunView['watched'] = (emits) =>
    defer(() =>
      isDisposed || host.isClosed()
        ? EMPTY
        : watchRun(reader, host.driverOf, host.scheduler, emits),
    ).pipe(tap(note), takeUntil(merge(ended$, host.closed$)));
  const changes$ = watched('changes');
  return {
    runId: reader.runId,
    current,
    rows,
    watched,
    changes$,
    refresh,
    async requireFinished() {
      await refresh();
      requireFinished(current());
    },
    eventPagesFrom: (afterSequence) =>
      defer(() => {
        let cursor = afterSequence;
        return pagesOnChange(changes$, async () => {
          const page = await must(rows().eventsAfter(cursor, pageRows), context);
          cursor = page[page.length - 1]?.sequence ?? cursor;
          return page;
        });
      }).pipe(flatten(({ atMs, ...event }): RunEvent => ({ ...event, at: new Date(atMs) }))),
    get isDisposed() {
      return isDisposed;
    },
    async dispose() {
      isDisposed = true;
      ended$.next();
      ended$.complete();
      // Notes the last snapshot, for callers that still read the handle.
      current();
      host.lastSeen.forget();
      await reader.close();
    },
  };
};

/** No item is open while input is still read, and just before the end. */
const openText = (count: number): string =>
  count === 0
    ? 'no item is open, but the run has not ended'
    : `${count} ${count === 1 ? 'item is' : 'items are'} open`;

const requireFinished = ({ totals, status, runId }: RunSnapshot): void => {
  if (status !== 'running') return;
  const openCount = sumOfTotals(totals) - totals.completed - totals.failed_permanent;
  throw new BatchorError(
    'run_not_finished',
    { runId, openCount },
    `run ${runId} is not finished: ${openText(openCount)}`,
    'Wait for it, or read the results so far: results({ follow: true }), readTerminalResults().',
  );
};

const flatten =
  <A, B>(convert: (value: A) => B) =>
  (pages$: Observable<readonly A[]>): Observable<B> =>
    new Observable((subscriber) =>
      pages$.subscribe({
        next: (page) => {
          for (const value of page) subscriber.next(convert(value));
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
