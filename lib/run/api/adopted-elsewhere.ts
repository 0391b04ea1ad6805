import type { RunConfig } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import { BatchorError } from './errors.ts';
import { must, unwrap } from './interop.ts';

/**
 * Does the work, which makes a run that sends rows of adopted batches again, where no other run of
 * the store does so and no other process is about to. Of starts at once one gets through. Throws
 * `batch_already_retried`.
 */
export const onlyRetrying = async <A>(
  store: RunStore,
  runId: RunId,
  config: Pick<RunConfig, 'adopted'>,
  work: () => Promise<A>,
): Promise<A> => {
  const ids = (config.adopted ?? []).map(({ providerBatchId }) => providerBatchId);
  const names = ids.map((id) => `retry ${id}`);
  const done = await store.alone(names, async () => {
    await requireNotRetried(store, runId, config);
    return work();
  })();
  if (isLeft(done) && done.left.type === 'owned_elsewhere')
    throw new BatchorError(
      'batch_retry_under_way',
      { runId, batchIds: ids },
      `another start is adopting one of the batches of run ${runId} with retries at this moment: both would pay for the same rows`,
      'Start again when it is done: the run that it made is named then. Nothing was sent.',
    );
  return unwrap(done, { storage: store.describe });
};

/** A run that sends failed rows of an adopted batch again. */
export interface RetryingRun {
  readonly runId: string;
  readonly batchId: string;
}

/**
 * The newest other run of the store that adopted one of these batches and sends its failed rows
 * again; null: none. O(runs), by their summaries; runs that cannot be opened are not compared.
 */
export const findRetrying = async (
  store: RunStore,
  runId: RunId,
  { adopted = [] }: Pick<RunConfig, 'adopted'>,
): Promise<RetryingRun | null> => {
  if (adopted.length === 0) return null;
  const ids = new Set(adopted.map(({ providerBatchId }) => providerBatchId));
  const runs = await must(
    store.list(() => undefined),
    { storage: store.describe },
  );
  for (const other of runs) {
    const { config } = other.snapshot;
    if (other.runId === runId || !config.operation.retriesAdopted) continue;
    const shared = config.adopted?.find(({ providerBatchId }) => ids.has(providerBatchId));
    if (shared !== undefined) return { runId: other.runId, batchId: shared.providerBatchId };
  }
  return null;
};

/** Throws `batch_already_retried` if there is such a run: both would pay for the same rows. */
export const requireNotRetried = async (
  store: RunStore,
  runId: RunId,
  config: Pick<RunConfig, 'adopted'>,
): Promise<void> => {
  const other = await findRetrying(store, runId, config);
  if (other === null) return;
  throw new BatchorError(
    'batch_already_retried',
    other,
    `run ${other.runId} adopted batch ${other.batchId} and sends its failed rows again: a second run would pay for them twice`,
    `Use the results of ${other.runId}, or adopt the batch without retryAdopted. To pay for the rows again: adoptAgain. Nothing was sent.`,
  );
};
