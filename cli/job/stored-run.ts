import type { ProviderConnection } from '../../lib/ports/provider.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { BatchRunner } from '../../lib/run/api/runner.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { keysIn, noAccount, reachOf, requireKey } from '../shell/account.ts';
import type { ConnectionFlags } from '../shell/connection-flags.ts';
import { CliFailure } from '../shell/failure.ts';
import { broughtConnection } from '../shell/load-module.ts';
import { type Account, createRunner, type RunnerOptions } from '../compose.ts';
import { isCliConnection } from './providers.ts';
import type { CliContext } from '../shell/context.ts';
import { decodeDescription, type Description, isOfModule } from './job-description.ts';
import { writeNotes } from '../print/render.ts';
import { requireTrustedStore } from '../shell/store-trust.ts';
import { jobOf } from './job.ts';
import { type Place, requireStore, summaryInPlace } from '../shell/place.ts';

/** A stored run with the description of its start. */
export interface StoredRun {
  readonly runner: BatchRunner;
  readonly run: Run;
  readonly description: Description | null;
}

/**
 * An account for reading the store, without a key for requests. The user's key is masked where a
 * service repeated it.
 */
const readingAccount = ({ loaded }: Place): Account => ({
  apiKey: '',
  baseUrl: null,
  hides: keysIn(loaded),
});

/**
 * Opens the store and one run for the callback, and closes the store again. The account is resolved
 * when the provider is loaded.
 */
export const withRun = async <A>(
  place: Place,
  runId: string,
  use: (stored: StoredRun) => Promise<A>,
  accountOf?: () => Account,
  prices?: PriceBook,
): Promise<A> => {
  let description: Description | null = null;
  /** A module's own connection reads the answers of its runs: loaded only where one is read. */
  const connectionOf = async (name: string): Promise<ProviderConnection | undefined> => {
    const known = broughtConnection(name);
    if (known !== undefined || isCliConnection(name)) return known;
    if (description === null || !isOfModule(description)) return undefined;
    requireTrustedStore(place.concerns);
    await jobOf(description, '', null);
    requireBrought(runId, name);
    return broughtConnection(name);
  };
  return withRunner(
    place,
    async (runner) => {
      const run = await runner.getRun(runId);
      description = decodeDescription(runId, run.description);
      return use({ runner, run, description });
    },
    accountOf,
    { prices, connectionOf },
  );
};

/** The same, without opening a run. */
export const withRunner = async <A>(
  place: Place,
  use: (runner: BatchRunner) => Promise<A>,
  accountOf: () => Account = () => readingAccount(place),
  options: Omit<RunnerOptions, 'mayMake'> = {},
): Promise<A> => {
  requireStore(place);
  const runner = await createRunner(place.store, accountOf, { mayMake: false, ...options });
  try {
    return await use(runner);
  } finally {
    await runner.close();
  }
};

/** The same, for one request to the run; returns its summary. */
export const requestRun = (
  place: Place,
  runId: string,
  tell: (run: Run) => Promise<Parameters<typeof toWire>[0]>,
  prices?: PriceBook,
): Promise<JsonObject> =>
  withRun(
    place,
    runId,
    async ({ run }) => summaryInPlace(place, toWire(await tell(run))),
    undefined,
    prices,
  );

export interface DrivingOptions {
  readonly context: Pick<CliContext, 'stderr' | 'cwd'>;
  readonly flags: ConnectionFlags;
  readonly prices?: PriceBook | undefined;
}

/**
 * The same, ready to continue the run: with its account, and with its input while rows are left to
 * read.
 */
export const withDrivableRun = <A>(
  place: Place,
  runId: string,
  { context, flags, prices }: DrivingOptions,
  use: (stored: Pick<StoredRun, 'runner' | 'run'>) => Promise<A>,
): Promise<A> => {
  requireTrustedStore(place.concerns);
  let account = readingAccount(place);
  return withRun(
    place,
    runId,
    async ({ runner, run, description }) => {
      if (run.isFinished) return use({ runner, run });
      const { ingest, control, config } = run.snapshot();
      const { connection } = config.provider;
      const isOwn = !isCliConnection(connection);
      account = isOwn
        ? noAccount
        : reachOf(
            place.loaded,
            flags,
            description === null ? undefined : { ...description, runId },
          );
      const isModule = description !== null && isOfModule(description);
      if (!isModule && !isOwn) requireKey(account);
      const needsInput = !ingest.isComplete && control.state !== 'cancel_requested';
      if (description === null || !(needsInput || isModule)) return use({ runner, run });
      const withJob = async (): Promise<Run> =>
        (await runner.getRun(runId, { job: await jobOf(description, context.cwd, runner) })) as Run;
      // The job's own code is preferred for reading answers; without it, the stored schema is used.
      const driven = await (needsInput || isOwn
        ? withJob()
        : withJob().catch((error: unknown) => without(context, run, error)));
      if (isOwn) requireBrought(runId, connection);
      else requireKey(account, connection);
      return use({ runner, run: driven });
    },
    () => account,
    prices,
  );
};

/** Throws unless the job's module exported the run's connection. */
export const requireBrought = (runId: string, connection: string): void => {
  if (broughtConnection(connection) !== undefined) return;
  throw new CliFailure(
    `run ${runId} belongs to the connection ${JSON.stringify(connection)}, which the module of its job does not export`,
    {
      hint: `Export it in the module under the same name: export const providers = [connection]`,
    },
  );
};

const without = (context: Pick<CliContext, 'stderr'>, run: Run, error: unknown): Run => {
  const message = error instanceof Error ? error.message : String(error);
  writeNotes(context, [`batchor: continuing without the job's module: ${message}`]);
  return run;
};
