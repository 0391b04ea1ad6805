import { isRunId, type RunId } from '../../core/values/ids.ts';
import { BatchorError } from '../api/errors.ts';

/** Returns a valid run id. Throws `invalid_run_id`. */
export const requireRunId = (given: string): RunId => {
  if (isRunId(given)) return given;
  throw new BatchorError(
    'invalid_run_id',
    { runId: given },
    `${JSON.stringify(given)} is not a valid run id`,
    'A run id has 1 to 120 characters of A-Z a-z 0-9 . _ - and starts with a letter or digit.',
  );
};

/** The error for creating a run whose id exists. */
export const runExists = (runId: string, storage: string): BatchorError =>
  new BatchorError(
    'run_exists',
    { runId },
    `run ${runId} already exists in ${storage}`,
    'Choose another run id, or omit ifExists to resume the run.',
  );

export const ownedElsewhere = (runId: RunId, owner: string | null): BatchorError =>
  new BatchorError(
    'run_owned_elsewhere',
    { runId, owner: owner ?? 'another process' },
    `run ${runId} is driven by ${owner ?? 'another process'}`,
    'Follow it with wait, or stop that process.',
  );

/** The error for cancelling adopted batches without an explicit request to do so. */
export const adoptedInProgress = (runId: RunId, batchIds: readonly string[]): BatchorError => {
  const named = `${batchIds.slice(0, 3).join(', ')}${batchIds.length > 3 ? ` and ${batchIds.length - 3} more` : ''}`;
  return new BatchorError(
    'adopted_batches_in_progress',
    { runId, batchIds },
    `run ${runId} adopted ${named}, which ${batchIds.length === 1 ? 'is' : 'are'} in progress and would be cancelled at the provider`,
    'To cancel them too: cancel --cancel-adopted, or run.cancel({ cancelAdopted: true }). To keep them and stop waiting: pause.',
  );
};
