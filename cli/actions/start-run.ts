import { existsSync } from 'node:fs';
import { type BatchorError, isBatchorError } from '../../lib/run/api/errors.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { BatchRunner } from '../../lib/run/api/runner.ts';
import { stopReason } from '../../lib/run/drive/stop-reason.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { noAccount, reachOf, requireKey } from '../shell/account.ts';
import { asBefore, changesPolicies } from '../job/as-before.ts';
import type { ConnectionFlags } from '../shell/connection-flags.ts';
import { type Account, createRunner } from '../compose.ts';
import { cliProvider, isCliConnection } from '../job/providers.ts';
import type { CliContext } from '../shell/context.ts';
import { driveTo, type Goal, failureNotes } from './drive.ts';
import { type ExitCode, exitCodeOfRun, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { type CliJob, jobOf } from '../job/job.ts';
import { type Description, encodeDescription, isOfModule } from '../job/job-description.ts';
import { commandLine, type Place, summaryInPlace, withStoreNamed } from '../shell/place.ts';
import { checkCap, checkInputs, checkRowSizes } from '../job/preflight.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { requireTrustedStore } from '../shell/store-trust.ts';
import { type StoredRun, withRun } from '../job/stored-run.ts';

export interface StartRequest {
  readonly context: CliContext;
  readonly place: Place;
  readonly account: Account;
  readonly description: Description;
  readonly prices: PriceBook | undefined;
  readonly runId: string | undefined;
  readonly flags: ConnectionFlags;
  readonly acceptNoList: boolean;
  readonly adoptAgain: boolean;
  readonly goal: Goal;
}

/** Creates the run, or continues the existing run of that id, to the goal. */
export const startRun = async (request: StartRequest): Promise<ExitCode> => {
  try {
    return await startOnce(request);
  } catch (error) {
    // Another start of this id was faster: its run is continued.
    if (request.runId === undefined || !isBatchorError(error, 'run_exists')) throw error;
    return startOnce(request);
  }
};

const startOnce = async (request: StartRequest): Promise<ExitCode> => {
  const { runId, place } = request;
  requireTrustedStore(place.concerns);
  // A missing store has no run, and is created only together with the run.
  if (runId !== undefined && (place.store.type !== 'folder' || existsSync(place.store.path))) {
    let { account } = request;
    try {
      return await withRun(
        place,
        runId,
        (stored) => continueStored(request, stored, (own) => (account = own)),
        () => account,
        request.prices,
      );
    } catch (error) {
      if (!isBatchorError(error, 'run_not_found')) throw error;
    }
  }
  return startNew(request);
};

const startNew = async (request: StartRequest): Promise<ExitCode> => {
  const { context, place, account, description } = request;
  if (!isOfModule(description)) requireKey(account);
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createRunner(place.store, () => account, {
    mayMake: true,
    prices: request.prices,
  });
  let isCreated = false;
  try {
    const job = await jobOf(description, context.cwd, runner, (line) =>
      writeNotes(context, [withStoreNamed(place, line)]),
    );
    requireKey(account, job.providerConfig.connection);
    if (hasOwnConnection(job)) refuseFlags(request.flags);
    // The runner checks the job of a module, with errors that name options.
    if (!isOfModule(description)) checkCap(job, description);
    const run = await create(request, job, runner, halt.signal);
    isCreated = true;
    // An interruption during the creation is handled now that there is a run to name.
    return await drive(request, runner, run, halt.signal);
  } catch (error) {
    if (isCreated || !halt.signal.aborted) throw error;
    writeNotes(context, ['batchor: interrupted before a run was created']);
    return exitCodes.interrupted;
  } finally {
    stopListening();
    await runner.close();
  }
};

/** Creates the run after every check that needs no run: input, key, address. */
const create = async (
  { context, place, description, runId, acceptNoList, adoptAgain }: StartRequest,
  job: CliJob,
  runner: BatchRunner,
  signal: AbortSignal,
): Promise<Run> => {
  await checkInputs(description, context.cwd, signal);
  await checkRowSizes(description, job, signal, (line) => writeNotes(context, [line]));
  try {
    await runner.checkProvider(job.providerConfig, { acceptNoList });
  } catch (error) {
    throw isBatchorError(error) ? inFlags(error, job.providerConfig.connection) : error;
  }
  signal.throwIfAborted();
  const id = runId === undefined ? {} : { runId };
  // A job with its own connection does not use the address of the environment.
  const stored =
    isOfModule(description) && hasOwnConnection(job)
      ? { version: description.version, job: description.job, baseUrl: null }
      : description;
  return (await runner.start(job, {
    ...id,
    ifExists: 'fail',
    description: encodeDescription(stored),
    adoptAgain,
    signal,
    onRetriedElsewhere: ({ runId: other, batchId }) =>
      writeNotes(context, [
        `batchor: run ${other} of this store sends failed rows of batch ${batchId} again, and has their answers: ${commandLine(place, 'results', other)}`,
      ]),
  })) as Run;
};

const hasOwnConnection = ({ providerConfig }: CliJob): boolean =>
  !isCliConnection(providerConfig.connection);

const refuseFlags = ({ baseUrl, header, azureApiVersion }: ConnectionFlags): void => {
  const odd =
    baseUrl !== undefined
      ? '--base-url'
      : header.length > 0
        ? '--header'
        : azureApiVersion !== undefined
          ? '--azure-api-version'
          : null;
  if (odd !== null)
    throw new CliFailure(`${odd} cannot be used with a job that has its own connection`, {
      hint: 'The module configures the connection: change it there.',
    });
};

/** Hints before the run exists, in place of the library's hints about a run. */
const beforeCreation = (code: string, address: string): string | undefined => {
  switch (code) {
    case 'insufficient_quota':
      return 'Add credit or raise the spend limit at the provider, then start again.';
    case 'provider_refused':
      return `Read the provider's message, and check the address (${address}).`;
    default:
      return undefined;
  }
};

const inFlags = (
  { code, message, hint }: Pick<BatchorError, 'code' | 'message' | 'hint'>,
  connection: string,
): CliFailure => {
  // A connection of a job module's own has its address from the module.
  const address = isCliConnection(connection)
    ? `--base-url, ${cliProvider(connection).addressVariable}`
    : "in the job's module";
  const isUnreachable = code === 'provider_unavailable';
  const lacksList = message.includes('--accept-no-list');
  const advice = lacksList
    ? 'Start at a service that lists its batches.'
    : isUnreachable
      ? `Check the address (${address}) and the network, or try again later.`
      : (beforeCreation(code, address) ?? hint);
  return new CliFailure(message, {
    hint: `${advice} Nothing was created.`,
    ...(lacksList ? { retype: { says: 'To accept that', adds: ['--accept-no-list'] } } : {}),
    exitCode: exitCodes.runtime,
  });
};

/**
 * Continues an existing run: compares the flags with the stored ones, and never resumes a paused
 * run.
 */
const continueStored = async (
  request: StartRequest,
  { runner, run: stored, description: before }: StoredRun,
  belongsTo: (account: Account) => void,
): Promise<ExitCode> => {
  const { context, place, description, flags, adoptAgain } = request;
  const { runId } = stored;
  const snapshot = stored.snapshot();
  const isOwn = !isCliConnection(snapshot.config.provider.connection);
  if (isOwn) refuseFlags(flags);
  const account = isOwn
    ? noAccount
    : reachOf(place.loaded, flags, before === null ? undefined : { ...before, runId });
  belongsTo(account);
  const job = await jobOf(
    asBefore(description, before, snapshot.config.operation),
    context.cwd,
    runner,
  );
  if (!isOfModule(description)) checkCap(job, description);
  if (stored.isFinished || snapshot.control.state === 'paused') {
    // Compared even for a finished run: answers of other prompts must not be returned for these
    // flags.
    if (stored.isFinished) await runner.start(job, { runId, adoptAgain });
    else if (changesPolicies(description, before, snapshot.config.operation)) {
      requireKey(account, job.providerConfig.connection);
      await runner.start(job, { runId, adoptAgain });
      writeNotes(context, [
        `batchor: run ${runId} stays paused; new flag values take effect when you resume it`,
      ]);
    } else await runner.getRun(runId, { job });
    await writeJson(context, summaryInPlace(place, toWire(stored.summary())));
    if (stored.isFinished) writeNotes(context, await failureNotes(stored, place));
    if (stored.isFinished) return exitCodeOfRun(stored.summary());
    throw stopReason(snapshot, context.nowMs());
  }
  requireKey(account, job.providerConfig.connection);
  return drive(request, runner, (await runner.start(job, { runId, adoptAgain })) as Run);
};

const drive = (
  { context, place, goal }: StartRequest,
  runner: BatchRunner,
  run: Run,
  signal?: AbortSignal,
): Promise<ExitCode> => {
  if (context.isStderrTerminal)
    writeNotes(context, [`batchor: run ${run.runId} in ${place.storeName}`]);
  return driveTo({
    context,
    place,
    runner,
    run,
    goal,
    ...(signal === undefined ? {} : { signal }),
  });
};
