import type { Run } from '../lib/run/run.ts';
import { accountFor, requireKey } from './account.ts';
import { type Account, createRunner } from './compose.ts';
import { type JobDescription, decodeDescription } from './job-description.ts';
import { jobOf } from './job.ts';
import type { Place } from './place.ts';

/** A stored run, and what its start was told. */
export interface StoredRun {
  readonly run: Run;
  readonly description: JobDescription | null;
}

/** Opens the store, lets look at one run, and closes the store again. */
export const withRun = async <A>(place: Place, runId: string, use: (stored: StoredRun) => Promise<A>): Promise<A> => {
  const runner = await createRunner(place.storeFolder, null);
  try {
    const run = await runner.getRun(runId);
    return await use({ run, description: decodeDescription(runId, run.description) });
  } finally {
    await runner.close();
  }
};

/** The account that a stored run belongs to; `flag` may say another. */
export const accountOfRun = (place: Place, runId: string, description: JobDescription | null, flag: string | undefined): Account =>
  requireKey(accountFor(place.loaded, flag, description === null ? undefined : { runId, baseUrl: description.baseUrl }));

/** A runner that can drive the run, and a handle with its input attached while there is input to read. */
export const openForDriving = async (
  place: Place,
  { runId, baseUrl, cwd }: { readonly runId: string; readonly baseUrl: string | undefined; readonly cwd: string },
): Promise<{ readonly runner: Awaited<ReturnType<typeof createRunner>>; readonly run: Run }> => {
  const { account, description, needsInput } = await withRun(place, runId, async ({ run, description }) => {
    const { ingest, control, status } = run.snapshot();
    const isOver = status !== 'running';
    return {
      description,
      account: isOver ? { apiKey: '', baseUrl: null } : accountOfRun(place, runId, description, baseUrl),
      needsInput: !isOver && !ingest.isComplete && control.state !== 'cancel_requested',
    };
  });
  const runner = await createRunner(place.storeFolder, account);
  try {
    if (description === null || !needsInput) return { runner, run: await runner.getRun(runId) };
    return { runner, run: (await runner.getRun(runId, { job: await jobOf(description, cwd) })) as Run };
  } catch (error) {
    await runner.close();
    throw error;
  }
};
