import { existsSync } from 'node:fs';
import type { RunConfig } from '../../lib/core/model/config.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { FoundBatches } from '../../lib/run/sources/found-batches.ts';
import { type Account, createQuoter } from '../compose.ts';
import { type BatchFlags, describeBatches } from '../job/adopted-batches.ts';
import type { BatchesDescription } from '../job/job-description.ts';
import { cliProvider } from '../job/providers.ts';
import type { JobPlace } from '../job/job-flags.ts';
import { requireKey } from '../shell/account.ts';
import type { Place } from '../shell/place.ts';

/** Reads the batches and their input files at the provider. Changes nothing. */
const findWith =
  (account: Account) =>
  async (ids: readonly string[]): Promise<FoundBatches> => {
    requireKey(account);
    const runner = await createQuoter(account);
    try {
      return await runner.findBatches(ids, { connection: cliProvider(account.provider).name });
    } finally {
      await runner.close();
    }
  };

/** The batches of an existing run are not read again. */
export const describeToAdopt = (
  flags: BatchFlags & { readonly runId: string | undefined },
  place: Place,
  account: Account,
  jobPlace: JobPlace,
): Promise<BatchesDescription> => {
  const { runId } = flags;
  const stored = async (): Promise<RunConfig | null> => {
    if (runId === undefined || (place.store.type === 'folder' && !existsSync(place.store.path)))
      return null;
    return jobPlace.configOf(runId).catch((error: unknown) => {
      if (isBatchorError(error, 'run_not_found')) return null;
      throw error;
    });
  };
  return describeBatches(flags, { ...jobPlace, stored, find: findWith(account) });
};

/** As the provider shows them now, whichever runs there are. */
export const describeFound = (
  flags: BatchFlags,
  account: Account,
  jobPlace: Omit<JobPlace, 'configOf'>,
): Promise<BatchesDescription> =>
  describeBatches(flags, {
    ...jobPlace,
    stored: () => Promise.resolve(null),
    find: findWith(account),
  });
