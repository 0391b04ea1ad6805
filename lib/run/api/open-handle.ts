import type { Observable, SchedulerLike } from 'rxjs';
import type { RunId } from '../../core/values/ids.ts';
import type { RunReader, RunStore } from '../../ports/run-store.ts';
import type { AnswerWire, Connections } from './connections.ts';
import type { Drivers } from '../drive/drivers.ts';
import { withFinishedRun } from './finished-run.ts';
import { must } from './interop.ts';
import type { PriceBook } from '../job/price-book.ts';
import type { Run } from './run.ts';
import { createRunHandle } from './run-handle.ts';
import type { RunHost } from './run-host.ts';
import type { Structures } from '../job/structures.ts';
import { sendRequest } from '../control/send-request.ts';

/** What a runner shares with its handles. */
export interface HandleParts {
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
