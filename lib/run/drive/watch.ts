import {
  concatMap,
  defer,
  from,
  Observable,
  repeat,
  type SchedulerLike,
  takeWhile,
  timer,
} from 'rxjs';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunReader } from '../../ports/run-store.ts';
import type { Driver } from './driver.ts';
import { must } from '../api/interop.ts';

/** Milliseconds between two polls of a run that another process drives. */
export const followMs = 500;

/**
 * The run's snapshots: from the driver if this process drives, else by polling the store. Completes
 * after the finished one. With `every poll`, also emits when nothing has changed, so that a waiter
 * notices an owner that stopped.
 */
export const watchRun = (
  reader: RunReader,
  driver: () => Driver | undefined,
  scheduler: SchedulerLike,
  emits: 'changes' | 'every poll' = 'changes',
): Observable<RunSnapshot> =>
  new Observable<RunSnapshot>((subscriber) => {
    const poll = (): Promise<RunSnapshot> => must(reader.refresh(), { runId: reader.runId });
    const polls = defer(() => {
      const here = driver();
      // A driver emits every change. When it ends, polling continues until the run finishes.
      return here === undefined ? from(poll()) : here.changes$;
    }).pipe(repeat({ delay: () => timer(followMs, scheduler) }));
    let last = -1;
    return polls.pipe(takeWhile((snapshot) => !isFinished(snapshot), true)).subscribe({
      next: (snapshot) => {
        if (snapshot.version === last && emits === 'changes') return;
        last = snapshot.version;
        subscriber.next(snapshot);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });

/**
 * After each change, reads everything new page by page, once, in order. Completes when the run has
 * finished and everything is read. An error that `afterwards` throws ends it.
 */
export const pagesOnChange = <A>(
  changes$: Observable<RunSnapshot>,
  readPage: () => Promise<readonly A[]>,
  afterwards: (snapshot: RunSnapshot) => void = () => undefined,
): Observable<readonly A[]> =>
  changes$.pipe(
    concatMap(
      (snapshot) =>
        new Observable<readonly A[]>((subscriber) => {
          let isCancelled = false;
          const readOn = async (): Promise<void> => {
            for (
              let page = await readPage();
              page.length > 0 && !isCancelled;
              page = await readPage()
            )
              subscriber.next(page);
            if (!isCancelled) afterwards(snapshot);
            subscriber.complete();
          };
          readOn().catch((error: unknown) => subscriber.error(error));
          return () => {
            isCancelled = true;
          };
        }),
    ),
  );

/** Iterates over an observable. Values wait in order until they are pulled. */
export async function* pull<A>(source: Observable<A>, signal?: AbortSignal): AsyncGenerator<A> {
  const waiting: A[] = [];
  let wake: (() => void) | null = null;
  let end: { readonly error: unknown } | 'complete' | null = null;
  const wakeReader = (): void => {
    wake?.();
    wake = null;
  };
  const subscription = source.subscribe({
    next: (value) => {
      waiting.push(value);
      wakeReader();
    },
    error: (error: unknown) => {
      end = { error };
      wakeReader();
    },
    complete: () => {
      end = 'complete';
      wakeReader();
    },
  });
  signal?.addEventListener('abort', wakeReader, { once: true });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = waiting.shift();
      if (next !== undefined) yield next;
      else if (end !== null) {
        if (end !== 'complete') throw (end as { readonly error: unknown }).error;
        return;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    subscription.unsubscribe();
    signal?.removeEventListener('abort', wakeReader);
  }
}
