import type { RunConfig } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { BatchorError } from './errors.ts';
import { must } from './interop.ts';

/**
 * Throws `batch_already_retried` if another run of the store adopted one of these batches and sends
 * its failed rows again: both would pay for the same rows. O(runs), by their summaries; runs that
 * cannot be opened are not compared.
 */
export const requireNotRetried = async (
  store: RunStore,
  runId: RunId,
  { adopted = [] }: Pick<RunConfig, 'adopted'>,
): Promise<void> => {
  if (adopted.length === 0) return;
  const ids = new Set(adopted.map(({ providerBatchId }) => providerBatchId));
  const runs = await must(
    store.list(() => undefined),
    { storage: store.describe },
  );
  for (const other of runs) {
    const { config } = other.snapshot;
    if (other.runId === runId || !config.operation.retriesAdopted) continue;
    const shared = config.adopted?.find(({ providerBatchId }) => ids.has(providerBatchId));
    if (shared === undefined) continue;
    throw new BatchorError(
      'batch_already_retried',
      { runId: other.runId, batchId: shared.providerBatchId },
      `run ${other.runId} adopted batch ${shared.providerBatchId} and sends its failed rows again: a second run would pay for them twice`,
      `Use the results of ${other.runId}, or adopt the batch without retryAdopted. To pay for the rows again: adoptAgain. Nothing was sent.`,
    );
  }
};
