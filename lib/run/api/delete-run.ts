import { isLeft } from 'fp-ts/lib/Either.js';
import type { RunId } from '../../core/values/ids.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { BatchorError } from './errors.ts';
import { must, unwrap } from './interop.ts';

/**
 * Deletes the run from the store. Returns its batches that continue at the provider. Refuses an
 * unfinished run unless `abandon`. The batches of a run that cannot be opened are unknown, so it
 * also requires `abandon`.
 */
export const deleteRun = async (
  store: RunStore,
  runId: RunId,
  { abandon, isDrivenHere }: { readonly abandon: boolean; readonly isDrivenHere: boolean },
): Promise<{
  readonly abandonedBatchIds: readonly string[];
  readonly areBatchesKnown: boolean;
}> => {
  const context = { runId, storage: store.describe };
  const read = await store.read(runId)();
  const isDamaged = isLeft(read) && read.left.type === 'corrupt';
  if (isDamaged && abandon && !isDrivenHere) {
    await must(store.remove(runId), context);
    return { abandonedBatchIds: [], areBatchesKnown: false };
  }
  const reader = unwrap(read, context);
  const { snapshot } = reader;
  await reader.close();
  if (!isFinished(snapshot) && !abandon) {
    throw new BatchorError(
      'run_not_finished',
      { runId, openCount: snapshot.live.length },
      `run ${runId} is not finished (${snapshot.live.length} batches live)`,
      'Cancel it first, or abandon it: its batches then continue at the provider.',
    );
  }
  if (isDrivenHere)
    throw new BatchorError(
      'run_owned_elsewhere',
      { runId, owner: 'this process' },
      `this process drives run ${runId}`,
      'Close the runner first.',
    );
  await must(store.remove(runId), context);
  const abandonedBatchIds = isFinished(snapshot)
    ? []
    : snapshot.live.flatMap((batch) => batch.providerBatchId ?? []);
  return { abandonedBatchIds, areBatchesKnown: true };
};
