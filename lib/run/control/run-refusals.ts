import { isRunId, type RunId } from '../../core/values/ids.ts';
import { BatchorError } from '../api/errors.ts';

/** The id, where it is one. */
export const requireRunId = (given: string): RunId => {
  if (isRunId(given)) return given;
  throw new BatchorError(
    'invalid_run_id',
    { runId: given },
    `${JSON.stringify(given)} is no run id`,
    'A run id has 1 to 120 of A-Z a-z 0-9 . _ - and begins with a letter or digit.',
  );
};

/** The refusal to create a run whose id is taken. */
export const runExists = (runId: string, storage: string): BatchorError =>
  new BatchorError(
    'run_exists',
    { runId },
    `run ${runId} exists in ${storage}`,
    'Choose another run id, or leave ifExists out to resume it.',
  );

export const ownedElsewhere = (runId: RunId, owner: string | null): BatchorError =>
  new BatchorError(
    'run_owned_elsewhere',
    { runId, owner: owner ?? 'another process' },
    `run ${runId} is driven by ${owner ?? 'another process'}`,
    'Wait for it (wait follows), or stop that process.',
  );

/** Batches of other makers are cancelled only where that is said. */
export const adoptedInProgress = (runId: RunId, batchIds: readonly string[]): BatchorError => {
  const named = `${batchIds.slice(0, 3).join(', ')}${batchIds.length > 3 ? ` and ${batchIds.length - 3} more` : ''}`;
  return new BatchorError(
    'adopted_batches_in_progress',
    { runId, batchIds },
    `run ${runId} adopted ${named}, which ${batchIds.length === 1 ? 'is' : 'are'} in progress and would be cancelled at the provider`,
    'To cancel them, too: cancel --cancel-adopted, or run.cancel({ cancelAdopted: true }). To leave them and stop waiting: pause.',
  );
};
