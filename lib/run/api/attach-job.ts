import type { SchedulerLike } from 'rxjs';
import { isFinished } from '../../core/model/snapshot.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { EngineSource } from '../../effects/ports.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { ownedElsewhere } from '../control/run-refusals.ts';
import type { Drivers } from '../drive/drivers.ts';
import { compareStored } from '../identity/compare-stored.ts';
import type { AnyJob } from '../job/job.ts';
import type { PriceBook } from '../job/price-book.ts';
import type { StartOptions } from './runner-options.ts';
import type { Structures } from '../job/structures.ts';
import { onlyRetrying, requireNotRetried } from './adopted-elsewhere.ts';
import type { Connections } from './connections.ts';
import { must } from './interop.ts';

/** What attaching a job needs from its runner. */
export interface AttachParts {
  readonly drivers: Drivers;
  readonly structures: Structures;
  readonly connections: Connections;
  readonly prices: PriceBook | undefined;
  readonly scheduler: SchedulerLike;
  /** False: drives only a run that this process already drives. */
  readonly isAutorun: boolean;
}

/** Options of the call that attaches. */
export type Attaching = Pick<StartOptions, 'signal' | 'adoptAgain'>;

export interface Attachment {
  readonly runId: RunId;
  readonly job: AnyJob;
  readonly source: EngineSource;
  readonly signal: AbortSignal;
  /** True for a start, which also drives the run. */
  readonly isStart: boolean;
  readonly adoptAgain: boolean;
}

/**
 * Compares the job with a stored run. A start then drives the run with the job's changed settings.
 * Throws `source_changed`, `job_changed`, `batch_already_retried`, `run_owned_elsewhere`.
 */
export const attachJob = async (
  store: RunStore,
  { runId, job, source, signal, isStart, adoptAgain }: Attachment,
  { drivers, structures, connections, prices, scheduler, isAutorun }: AttachParts,
): Promise<void> => {
  const comparison = { prices, connections, signal, isStart };
  const { snapshot, changedOperation } = await compareStored(store, runId, job, source, comparison);
  const isRetriedNow =
    changedOperation?.retriesAdopted === true && !snapshot.config.operation.retriesAdopted;
  const isGuarded = isStart && isRetriedNow && !adoptAgain;
  if (isGuarded) await requireNotRetried(store, runId, snapshot.config);
  drivers.attach(runId, source);
  structures.set(runId, job.structuredOutput);
  if (isFinished(snapshot) || !isStart) return;
  const driver = isAutorun ? await drivers.take(store, runId) : (drivers.of(runId) ?? null);
  if (driver === null) {
    if (!isAutorun) return;
    const { owner } = await must(store.peek(runId), { runId });
    throw ownedElsewhere(runId, owner);
  }
  if (changedOperation === null) return;
  const change = () =>
    driver.execute({
      type: 'ChangeOperation',
      atMs: scheduler.now(),
      operation: changedOperation,
    });
  await (isGuarded ? onlyRetrying(store, runId, snapshot.config, change) : change());
};
