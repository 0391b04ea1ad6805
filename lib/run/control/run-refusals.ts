import type { RunId } from '../../core/values/ids.ts';
import { BatchorError } from '../api/errors.ts';

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
