import { isBatchorError, type Run } from '../../../lib/index.ts';

/**
 * What an operator does about batches that are overdue: takes the files that they name, or gives
 * them up. Where the provider answers nothing now, neither.
 */
export const waitNoLonger = async (run: Pick<Run, 'summary' | 'resolve'>): Promise<void> => {
  for (const { batchKey, overdue } of run.summary().liveBatches) {
    if (overdue === null) continue;
    await run.resolve(batchKey, 'take_files').catch(async (error: unknown) => {
      if (
        isBatchorError(error, 'authentication_failed') ||
        isBatchorError(error, 'provider_unavailable')
      )
        return;
      if (!isBatchorError(error, 'batch_not_resolved')) throw error;
      await run.resolve(batchKey, 'give_up');
    });
  }
};
