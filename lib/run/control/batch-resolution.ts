import type { Resolution } from '../../core/model/command.ts';
import { BatchorError } from '../api/errors.ts';
import type { RunHost } from '../api/run-host.ts';
import type { RunView } from '../api/run-view.ts';
import type { BatchWord } from '../api/run.ts';

/**
 * The resolution of a batch from an operator's statement. `exists` and `take_files` read the batch
 * at the provider. Throws `batch_not_resolved`.
 */
export const resolutionOf = async (
  view: RunView,
  host: RunHost,
  batchKey: string,
  statement: BatchWord,
): Promise<Resolution> => {
  if (statement === 'take_files') return filesOf(view, host, batchKey);
  if (typeof statement === 'string') return { type: statement };
  const found = await host.identify(statement.exists);
  if (found !== null) return { type: 'exists', found };
  throw unresolved(
    view,
    batchKey,
    `the provider knows no batch ${statement.exists}`,
    'Check the id, the API key and the base URL.',
  );
};

const filesOf = async (view: RunView, host: RunHost, batchKey: string): Promise<Resolution> => {
  const batch = view.current().live.find((live) => live.batchKey === batchKey);
  if (batch === undefined)
    throw unresolved(
      view,
      batchKey,
      `no live batch has the key ${batchKey}`,
      `List them: \`batchor status --run-id ${view.runId}\`.`,
    );
  const { providerBatchId } = batch;
  if (providerBatchId === null)
    throw unresolved(
      view,
      batchKey,
      `batch ${batchKey} is ${batch.phase}: it has no files yet`,
      '',
    );
  const found = await host.observe(batch.batchKey, providerBatchId);
  if (found !== null) return { type: 'take_files', found };
  throw unresolved(
    view,
    batchKey,
    `the provider does not show batch ${providerBatchId}`,
    'Check the API key and the base URL.',
  );
};

const unresolved = (
  { runId }: RunView,
  batchKey: string,
  message: string,
  hint: string,
): BatchorError<'batch_not_resolved'> =>
  new BatchorError('batch_not_resolved', { runId, batchKey }, `run ${runId}: ${message}`, hint);
