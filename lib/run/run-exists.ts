import { BatchorError } from './errors.ts';

/** The refusal to create a run whose id is taken. */
export const runExists = (runId: string, storage: string): BatchorError =>
  new BatchorError(
    'run_exists',
    { runId },
    `run ${runId} exists in ${storage}`,
    'Choose another run id, or leave ifExists out to resume it.',
  );
