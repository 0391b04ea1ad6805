import type { RunId } from '../core/ids.ts';
import { isFinished } from '../core/snapshot.ts';
import type { RunStore } from '../ports/run-store.ts';
import { BatchorError } from './errors.ts';
import { must } from './interop.ts';

/** True after: nothing of the run is left in the store; answers the batches that go on at the provider. Refused while unfinished, unless `abandon`. */
export const deleteRun = async (
  store: RunStore,
  runId: RunId,
  { abandon, isDrivenHere }: { readonly abandon: boolean; readonly isDrivenHere: boolean },
): Promise<{ readonly abandonedBatchIds: readonly string[] }> => {
  const context = { runId, storage: store.describe };
  const reader = await must(store.read(runId), context);
  const { snapshot } = reader;
  await reader.close();
  if (!isFinished(snapshot) && !abandon) {
    throw new BatchorError(
      'run_not_finished',
      { runId, openCount: snapshot.live.length },
      `run ${runId} is not finished (${snapshot.live.length} batches live)`,
      'Cancel it first, or abandon it: its batches then go on at the provider.',
    );
  }
  if (isDrivenHere)
    throw new BatchorError(
      'run_owned_elsewhere',
      { runId, owner: 'this process' },
      `run ${runId} is being driven by this process`,
      'Close the runner first.',
    );
  await must(store.remove(runId), context);
  return { abandonedBatchIds: isFinished(snapshot) ? [] : snapshot.live.flatMap((batch) => batch.providerBatchId ?? []) };
};
