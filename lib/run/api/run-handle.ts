import { defer, EMPTY, map, merge, Observable, type SchedulerLike, Subject, takeUntil, tap, timer } from 'rxjs';
import type { BatchObservation, Resolution, SweptBatch } from '../../core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../core/values/ids.ts';
import { isStandingStill } from '../../core/machine/pending.ts';
import { canProgress } from '../../core/machine/progress.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import { sumOfTotals } from '../../core/model/item.ts';
import { type ExportNote, isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { OwnedRun, RunReader } from '../../ports/run-store.ts';
import type { AnswerWire } from './connections.ts';
import type { Driver } from '../drive/driver.ts';
import { BatchorError } from './errors.ts';
import { exportArtifacts } from '../archive/export-artifacts.ts';
import { exportResults } from '../results/export-results.ts';
import { commitFinished } from './finished-run.ts';
import { inspectItem } from '../audit/inspect-run.ts';
import { must } from './interop.ts';
import type { LastSeen } from '../drive/last-seen.ts';
import type { PriceBook } from '../job/price-book.ts';
import { pruneArtifacts } from '../archive/prune-artifacts.ts';
import { reportOf } from '../view/report.ts';
import { createResultReader } from '../results/result-reader.ts';
import { operationAfter, withPrices } from '../control/resume-changes.ts';
import type { BatchWord, Run, WaitOptions } from './run.ts';
import { runSource } from '../sources/run-source.ts';
import { type RunSummary, summaryOf } from '../view/summary.ts';
import { stopReason } from '../drive/stop-reason.ts';
import { pagesOnChange, pull, watchRun } from '../drive/watch.ts';
import { verifyRun } from '../audit/verify-run.ts';
import type { Wish } from '../control/wish.ts';
import type { ReadableStructure } from '../job/structures.ts';

/** What a handle needs from its runner. */
export interface RunHost {
  readonly scheduler: SchedulerLike;
  /** Comes when the runner is closed: nothing is driven or followed any more. */
  readonly closed$: Observable<void>;
  isClosed(): boolean;
  readonly prices: PriceBook | undefined;
  /** The driver of this run in this process, if there is one. */
  driverOf(): Driver | undefined;
  /** How drivers of this run ended in this process. */
  readonly lastSeen: LastSeen;
  /** Drives from now on; null while another process owns the run. */
  tryDrive(): Promise<Driver | null>;
  /** Commits a command: through the driver, by owning for a moment, or by leaving it in the owner's inbox. Resolves once it is true. */
  tell(wish: Wish): Promise<void>;
  /** Owns the finished run for a while. */
  ownFinished<A>(use: (run: OwnedRun) => Promise<A>): Promise<A>;
  /** What the provider shows of one batch; null when it does not know it. */
  identify(providerBatchId: string): Promise<SweptBatch | null>;
  /** How one batch of the run is now; null when the provider does not know it. */
  observe(batchKey: BatchKey, providerBatchId: ProviderBatchId): Promise<BatchObservation | null>;
  /** A reader of one's own, to be closed by whoever asked for it. */
  openReader(): Promise<RunReader>;
  /** Of a run with a structure it reads outputs as JSON. */
  wire(): Promise<AnswerWire>;
  structure(): Promise<ReadableStructure | null>;
}

const pageRows = 1_000;
const seeStatus = (runId: string): string => `See which there are: \`batchor status --run-id ${runId}\`.`;

/** Handles of one process share one driver; each has its own subscriptions. */
export const createRunHandle = (reader: RunReader, host: RunHost): Run => {
  const ended$ = new Subject<void>();
  let isDisposed = false;
  const isOver = (): boolean => isDisposed || host.isClosed();
  const context = { runId: reader.runId };
  let newest = reader.snapshot;
  /** What is newest of all that this handle has seen: a run that was just given back is not forgotten. */
  const note = (snapshot: RunSnapshot): RunSnapshot => {
    if (snapshot.version > newest.version) newest = snapshot;
    return newest;
  };
  const current = (): RunSnapshot => {
    // A driver that ended here since the last look knows more than a reader that was not asked.
    if (host.lastSeen.snapshot !== null) note(host.lastSeen.snapshot);
    return note(host.driverOf()?.snapshot ?? reader.snapshot);
  };
  /** The freshest reader of rows and results: the owner's own where this process drives. */
  const rows = (): RunReader => host.driverOf()?.run ?? reader;
  const watched = (tells: 'changes' | 'every look'): Observable<RunSnapshot> =>
    defer(() => (isOver() ? EMPTY : watchRun(reader, host.driverOf, host.scheduler, tells))).pipe(
      tap(note),
      takeUntil(merge(ended$, host.closed$)),
    );
  const changes$ = watched('changes');

  const requireFinished = async (): Promise<void> => {
    if (host.driverOf() === undefined) await must(reader.refresh(), context);
    const { totals, status, runId } = current();
    if (status !== 'running') return;
    const openCount = sumOfTotals(totals) - totals.completed - totals.failed_permanent;
    throw new BatchorError(
      'run_not_finished',
      { runId, openCount },
      `run ${runId} is not finished: ${openCount} items are open`,
      'Wait for it, or read what there is: results({ follow: true }), readTerminalResults().',
    );
  };
  const found = createResultReader({
    runId: reader.runId,
    rows,
    refresh: (source) => (source === reader ? must(reader.refresh(), context) : undefined),
    changes$,
    requireFinished,
    wire: host.wire,
    structure: host.structure,
  });

  const eventPagesFrom = (afterSequence: number): Observable<RunEvent> =>
    defer(() => {
      let cursor = afterSequence;
      return pagesOnChange(changes$, async () => {
        const page = await must(rows().eventsAfter(cursor, pageRows), context);
        cursor = page[page.length - 1]?.sequence ?? cursor;
        return page;
      });
    }).pipe(flatten(({ atMs, ...event }): RunEvent => ({ ...event, at: new Date(atMs) })));

  /** Resolves when the run is over, rejects when it stands still and somebody must act. */
  const settled = async (options: WaitOptions): Promise<RunSummary> => {
    const { signal, onPaused = 'reject' } = options;
    signal?.throwIfAborted();
    for (;;) {
      const driver = host.driverOf() ?? (isFinished(current()) ? null : await host.tryDrive());
      const hasSource = driver?.hasSource ?? true;
      // An owner that died, or sleeps, changes nothing more: who follows it looks for that as often as for news.
      for await (const snapshot of pull(driver === null ? watched('every look') : changes$, signal)) {
        if (isFinished(snapshot)) return summaryOf(snapshot);
        const isPatient = onPaused === 'wait' && snapshot.control.state === 'paused';
        if (!canProgress(snapshot, hasSource, host.scheduler.now()) && !isPatient) {
          // Kept here, it would be out of reach of whoever has its input.
          if (isStandingStill(snapshot, hasSource) && !isStandingStill(snapshot, true)) await driver?.close();
          throw stopReason(snapshot, host.scheduler.now());
        }
        // Whoever drove it is gone: this process goes on.
        if (driver === null && (await host.tryDrive()) !== null) break;
      }
      if (isFinished(current())) return summaryOf(current());
      if (isOver()) {
        const what = isDisposed ? `this handle of run ${reader.runId} was disposed of` : 'the runner was closed';
        throw new BatchorError('runner_closed', {}, `${what} while it was waited for`, 'The run is kept: getRun() gives a new handle.');
      }
    }
  };

  const control = async (wish: Wish): Promise<RunSummary> => {
    await host.tell(wish);
    if (host.driverOf() === undefined) await must(reader.refresh(), context);
    return summaryOf(current());
  };
  const unresolved = (batchKey: string, message: string, hint = seeStatus(reader.runId)): BatchorError<'batch_not_resolved'> =>
    new BatchorError('batch_not_resolved', { ...context, batchKey }, `run ${reader.runId}: ${message}`, hint);
  const resolutionOf = async (batchKey: string, word: BatchWord): Promise<Resolution> => {
    if (word === 'take_files') return filesOf(batchKey);
    if (typeof word === 'string') return { type: word };
    const found = await host.identify(word.exists);
    if (found !== null) return { type: 'exists', found };
    throw unresolved(batchKey, `the provider knows no batch ${word.exists}`, 'Is it the right id, key and address?');
  };
  const filesOf = async (batchKey: string): Promise<Resolution> => {
    const batch = current().live.find((live) => live.batchKey === batchKey);
    if (batch === undefined) throw unresolved(batchKey, `no live batch has the key ${batchKey}`);
    const { providerBatchId } = batch;
    if (providerBatchId === null) throw unresolved(batchKey, `batch ${batchKey} is ${batch.phase}: it has no files yet`, '');
    const found = await host.observe(batch.batchKey, providerBatchId);
    if (found !== null) return { type: 'take_files', found };
    throw unresolved(batchKey, `the provider does not show batch ${providerBatchId}`, 'Is it the right key and address?');
  };

  return {
    runId: reader.runId,
    get status() {
      return current().status;
    },
    get controlState() {
      return current().control.state;
    },
    get controlReason() {
      return current().control.reason;
    },
    get isFinished() {
      return isFinished(current());
    },
    get isDrivenHere() {
      return host.driverOf() !== undefined;
    },
    description: reader.description,
    summary: () => summaryOf(current()),
    snapshot: () => current(),
    async refresh() {
      if (host.driverOf() === undefined) await must(reader.refresh(), context);
      return summaryOf(current());
    },
    async drive() {
      if ((await host.tryDrive()) !== null || isFinished(current())) return;
      throw new BatchorError(
        'run_owned_elsewhere',
        { runId: reader.runId, owner: 'another process' },
        `run ${reader.runId} is driven by another process`,
        'wait() follows it.',
      );
    },
    wait: (options = {}) => withTimeout(options, reader.runId, host.scheduler, settled),
    pause: () => control({ type: 'pause' }),
    resume: async (options = {}) => {
      const changes = withPrices(options, current().config, host.prices);
      // Refused here, where somebody hears of it, and not by an owner elsewhere.
      operationAfter(changes, current().config);
      return control({ type: 'resume', changes });
    },
    cancel: ({ cancelAdopted: cancelsAdopted = false } = {}) => control({ type: 'cancel', cancelsAdopted }),
    resolve: async (batchKey, word) =>
      control({ type: 'resolve', batchKey: batchKey as BatchKey, resolution: await resolutionOf(batchKey, word) }),
    structure: async () => {
      const structure = await host.structure();
      if (structure === null) return null;
      const { schemaName, jsonSchema, readBy, note } = structure;
      return { schemaName, jsonSchema, readBy, note };
    },
    results: (options = {}) => found.results(options),
    resultText: (options = {}) => found.inputText(options),
    readTerminalResults: (options = {}) => found.page(options),
    readTerminalResultText: (options = {}) => found.textPage(options),
    exportTerminalResults: (path, options = {}) => exportResults(path, options, found),
    table: (options = {}) => found.table(options),
    source: (options = {}) => runSource({ runId: reader.runId, reader: rows, requireFinished }, options),
    report: async (options = {}) => {
      if (host.driverOf() === undefined) await must(reader.refresh(), context);
      return reportOf(rows, found.resultOf, options.signal);
    },
    exportArtifacts: async (destinationDir, options = {}) => {
      await requireFinished();
      const snapshot = await must(reader.refresh(), context);
      const note = (exported: ExportNote): Promise<void> =>
        host.ownFinished((run) => commitFinished(run, { type: 'RecordExported', ...exported }));
      const scene = { reader, snapshot, results: found.inputText, nowMs: () => host.scheduler.now(), note };
      const exported = await exportArtifacts(destinationDir, options, scene);
      await must(reader.refresh(), context);
      return exported;
    },
    pruneArtifacts: async (options = {}) => {
      await requireFinished();
      const wire = await host.wire();
      const pruning = await host.ownFinished((run) => pruneArtifacts(run, wire, options, () => host.scheduler.now()));
      await must(reader.refresh(), context);
      return pruning;
    },
    verify: async (options = {}) => verifyRun({ reader, openReader: host.openReader }, await host.wire(), options),
    inspect: async (itemId) => inspectItem({ reader, openReader: host.openReader }, await host.wire(), itemId, found.resultOf),
    events$: (options = {}) => eventPagesFrom(options.afterSequence ?? 0),
    events: (options = {}) => pull(eventPagesFrom(options.afterSequence ?? 0), options.signal),
    summary$: changes$.pipe(map(summaryOf)),
    results$: found.pagesFrom(0),
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      ended$.next();
      ended$.complete();
      // Kept for those who look at the handle once more.
      current();
      host.lastSeen.forget();
      await reader.close();
    },
  };
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
    timeout.abort(new BatchorError('wait_timed_out', { runId, timeoutMs }, message, 'The run goes on; wait again.'));
  });
  try {
    return await wait({ ...options, signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]) });
  } finally {
    timedOut.unsubscribe();
  }
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
