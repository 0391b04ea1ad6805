import { map, type Observable, type SchedulerLike } from 'rxjs';
import type { BatchKey, RunId } from '../../core/values/ids.ts';
import { type ExportNote, isFinished } from '../../core/model/snapshot.ts';
import type { RunReader, RunStore } from '../../ports/run-store.ts';
import { BatchorError } from './errors.ts';
import { exportArtifacts } from '../archive/export-artifacts.ts';
import { exportResults } from '../results/export-results.ts';
import { commitFinished, withFinishedRun } from './finished-run.ts';
import { inspectItem } from '../audit/inspect-run.ts';
import { must } from './interop.ts';
import { pruneArtifacts } from '../archive/prune-artifacts.ts';
import { reportOf } from '../view/report.ts';
import { createResultReader, type ResultReader } from '../results/result-reader.ts';
import { resolutionOf } from '../control/batch-resolution.ts';
import { operationAfter, withPrices } from '../control/resume-changes.ts';
import type { Run } from './run.ts';
import type { RunHost } from './run-host.ts';
import { createRunView, type RunView } from './run-view.ts';
import { runSource } from '../sources/run-source.ts';
import { type RunSummary, summaryOf } from '../view/summary.ts';
import { pull } from '../drive/watch.ts';
import { verifyRun } from '../audit/verify-run.ts';
import { requireProgress, waitForRun } from './wait-for-run.ts';
import type { RunRequest } from '../control/run-request.ts';
import type { AnswerWire, Connections } from './connections.ts';
import type { Drivers } from '../drive/drivers.ts';
import type { PriceBook } from '../job/price-book.ts';
import type { Structures } from '../job/structures.ts';
import { sendRequest } from '../control/send-request.ts';

/** Creates a handle. Handles of one process share one driver; each has its own subscriptions. */
export const createRunHandle = (reader: RunReader, host: RunHost): Run => {
  const view = createRunView(reader, host);
  const { current, changes$ } = view;
  const results = createResultReader({
    runId: reader.runId,
    rows: view.rows,
    refresh: (source) =>
      source === reader ? must(reader.refresh(), { runId: reader.runId }) : undefined,
    changes$,
    requireFinished: view.requireFinished,
    requireProgress: (snapshot, onPaused) => requireProgress(view, host, snapshot, onPaused),
    wire: host.wire,
    structure: host.structure,
  });
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
      await view.refresh();
      return summaryOf(current());
    },
    ...controlOf(view, host),
    ...resultsOf(view, host, results),
    ...artifactsOf(reader, view, host, results),
    events$: (options = {}) => view.eventPagesFrom(options.afterSequence ?? 0),
    events: (options = {}) => pull(view.eventPagesFrom(options.afterSequence ?? 0), options.signal),
    summary$: changes$.pipe(map(summaryOf)),
    results$: results.pagesFrom(0),
    [Symbol.asyncDispose]: () => view.dispose(),
  };
};

type Control = Pick<Run, 'drive' | 'wait' | 'pause' | 'resume' | 'cancel' | 'resolve'>;

const controlOf = (view: RunView, host: RunHost): Control => {
  const request = async (wanted: RunRequest): Promise<RunSummary> => {
    await host.request(wanted);
    await view.refresh();
    return summaryOf(view.current());
  };
  return {
    async drive() {
      if ((await host.tryDrive()) !== null || isFinished(view.current())) return;
      throw new BatchorError(
        'run_owned_elsewhere',
        { runId: view.runId, owner: 'another process' },
        `another process drives run ${view.runId}`,
        'Follow it with wait().',
      );
    },
    wait: (options = {}) => waitForRun(view, host, options),
    pause: () => request({ type: 'pause' }),
    async resume(options = {}) {
      const { config } = view.current();
      const changes = withPrices(options, config, host.prices);
      // Checked here, since the error of an owner elsewhere would not reach the caller.
      operationAfter(changes, config);
      return request({ type: 'resume', changes });
    },
    cancel: ({ cancelAdopted: cancelsAdopted = false } = {}) =>
      request({ type: 'cancel', cancelsAdopted }),
    async resolve(batchKey, statement) {
      const resolution = await resolutionOf(view, host, batchKey, statement);
      return request({ type: 'resolve', batchKey: batchKey as BatchKey, resolution });
    },
  };
};

type Results = Pick<
  Run,
  | 'structure'
  | 'results'
  | 'resultText'
  | 'readTerminalResults'
  | 'readTerminalResultText'
  | 'exportTerminalResults'
  | 'table'
  | 'source'
  | 'report'
>;

const resultsOf = (view: RunView, host: RunHost, reader: ResultReader): Results => ({
  async structure() {
    const structure = await host.structure();
    if (structure === null) return null;
    const { schemaName, jsonSchema, readBy, note } = structure;
    return { schemaName, jsonSchema, readBy, note };
  },
  results: (options = {}) => reader.results(options),
  resultText: (options = {}) => reader.inputText(options),
  readTerminalResults: (options = {}) => reader.page(options),
  readTerminalResultText: (options = {}) => reader.textPage(options),
  exportTerminalResults: (path, options = {}) => exportResults(path, options, reader),
  table: (options = {}) => reader.table(options),
  source: (options = {}) =>
    runSource(
      { runId: view.runId, reader: view.rows, requireFinished: view.requireFinished },
      options,
    ),
  async report(options = {}) {
    await view.refresh();
    return reportOf(view.rows, reader.resultOf, options.signal);
  },
});

type Artifacts = Pick<Run, 'exportArtifacts' | 'pruneArtifacts' | 'verify' | 'inspect'>;

const artifactsOf = (
  reader: RunReader,
  { requireFinished }: RunView,
  host: RunHost,
  results: ResultReader,
): Artifacts => {
  const context = { runId: reader.runId };
  const nowMs = (): number => host.scheduler.now();
  const observer = { reader, openReader: host.openReader };
  return {
    async exportArtifacts(destinationDir, options = {}) {
      await requireFinished();
      const snapshot = await must(reader.refresh(), context);
      const note = (exported: ExportNote): Promise<void> =>
        host.ownFinished((run) => commitFinished(run, { type: 'RecordExported', ...exported }));
      const exported = await exportArtifacts(destinationDir, options, {
        reader,
        snapshot,
        results: results.inputText,
        nowMs,
        note,
      });
      await must(reader.refresh(), context);
      return exported;
    },
    async pruneArtifacts(options = {}) {
      await requireFinished();
      const wire = await host.wire();
      const pruning = await host.ownFinished((run) => pruneArtifacts(run, wire, options, nowMs));
      await must(reader.refresh(), context);
      return pruning;
    },
    verify: async (options = {}) => verifyRun(observer, await host.wire(), options),
    inspect: async (itemId) => inspectItem(observer, await host.wire(), itemId, results.resultOf),
  };
};

/** What a runner shares with its handles. */
interface HandleParts {
  readonly scheduler: SchedulerLike;
  readonly closed$: Observable<void>;
  readonly isClosed: () => boolean;
  readonly prices: PriceBook | undefined;
  readonly drivers: Drivers;
  readonly connections: Connections;
  readonly structures: Structures;
}

/** Opens a handle of a stored run. Throws `run_not_found`. */
export const openHandle = async (
  store: RunStore,
  runId: RunId,
  { scheduler, closed$, isClosed, prices, drivers, connections, structures }: HandleParts,
): Promise<Run> => {
  const openReader = (isStill: boolean): Promise<RunReader> =>
    must(store.read(runId, { isStill }), { runId, storage: store.describe });
  const reader = await openReader(false);
  const { config } = reader.snapshot;
  let wire: Promise<AnswerWire> | null = null;
  const to = () => ({ store, runId, driver: drivers.of(runId), scheduler });
  const host: RunHost = {
    scheduler,
    closed$,
    isClosed,
    prices,
    driverOf: () => drivers.of(runId),
    lastSeen: drivers.follow(runId),
    tryDrive: () => drivers.take(store, runId),
    request: (request) => sendRequest(to(), request),
    ownFinished: (use) => withFinishedRun(to(), use),
    identify: (providerBatchId) => connections.identify(config, providerBatchId),
    observe: (batchKey, providerBatchId) => connections.observe(config, batchKey, providerBatchId),
    openReader: () => openReader(true),
    wire: () => (wire ??= connections.readerOf(config)),
    structure: () => structures.of(runId, config),
  };
  return createRunHandle(reader, host);
};
