import { concatMap, defer, from, Observable, repeat, type SchedulerLike, takeWhile, timer } from 'rxjs';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunReader } from '../../ports/run-store.ts';
import type { Driver } from './driver.ts';
import { must } from '../api/interop.ts';

/** A run that another process drives is looked at this often. */
export const followMs = 500;

/**
 * The run's snapshots as they change: from the driver where this process drives, else by looking. Completes after the finished one.
 * With `every look`, a look that saw nothing new is told too: whoever would take over a run must hear that nothing happens.
 */
export const watchRun = (
  reader: RunReader,
  driver: () => Driver | undefined,
  scheduler: SchedulerLike,
  tells: 'changes' | 'every look' = 'changes',
): Observable<RunSnapshot> =>
  new Observable<RunSnapshot>((subscriber) => {
    const look = (): Promise<RunSnapshot> => must(reader.refresh(), { runId: reader.runId });
    const looks = defer(() => {
      const here = driver();
      // A driver tells of every change; when it ends, looking goes on until the run itself is over.
      return here === undefined ? from(look()) : here.changes$;
    }).pipe(repeat({ delay: () => timer(followMs, scheduler) }));
    let last = -1;
    return looks.pipe(takeWhile((snapshot) => !isFinished(snapshot), true)).subscribe({
      next: (snapshot) => {
        if (snapshot.version === last && tells === 'changes') return;
        last = snapshot.version;
        subscriber.next(snapshot);
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });

/** After each change, everything new is read page by page, once, in order; completes when the run is over and all is read. */
export const pagesOnChange = <A>(changes$: Observable<RunSnapshot>, readPage: () => Promise<readonly A[]>): Observable<readonly A[]> =>
  changes$.pipe(
    concatMap(
      () =>
        new Observable<readonly A[]>((subscriber) => {
          let isCancelled = false;
          const readOn = async (): Promise<void> => {
            for (let page = await readPage(); page.length > 0 && !isCancelled; page = await readPage()) subscriber.next(page);
            subscriber.complete();
          };
          readOn().catch((error: unknown) => subscriber.error(error));
          return () => {
            isCancelled = true;
          };
        }),
    ),
  );

/** Pulls from an observable: what came while nobody pulled waits in order. */
export async function* pull<A>(source: Observable<A>, signal?: AbortSignal): AsyncGenerator<A> {
  const waiting: A[] = [];
  let wake: (() => void) | null = null;
  let end: { readonly error: unknown } | 'complete' | null = null;
  const rouse = (): void => {
    wake?.();
    wake = null;
  };
  const subscription = source.subscribe({
    next: (value) => {
      waiting.push(value);
      rouse();
    },
    error: (error: unknown) => {
      end = { error };
      rouse();
    },
    complete: () => {
      end = 'complete';
      rouse();
    },
  });
  signal?.addEventListener('abort', rouse, { once: true });
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
    signal?.removeEventListener('abort', rouse);
  }
}
