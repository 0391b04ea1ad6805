import { existsSync } from 'node:fs';
import { isBatchorError } from '../lib/run/errors.ts';
import type { Run } from '../lib/run/run.ts';
import type { BatchRunner } from '../lib/run/runner.ts';
import { stopReason } from '../lib/run/stop-reason.ts';
import { toWire } from '../lib/run/wire.ts';
import { accountFor, requireKey } from './account.ts';
import { type Account, createRunner } from './compose.ts';
import type { CliContext } from './context.ts';
import { driveTo, type Goal } from './drive.ts';
import { type ExitCode, exitCodeOfRun, exitCodes } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { jobOf } from './job.ts';
import { encodeDescription, type JobDescription } from './job-description.ts';
import type { Place } from './place.ts';
import { checkInputs } from './preflight.ts';
import { writeJson, writeNotes } from './render.ts';
import { type StoredRun, withRun } from './stored-run.ts';

export interface StartRequest {
  readonly context: CliContext;
  readonly place: Place;
  readonly account: Account;
  readonly description: JobDescription;
  readonly runId: string | undefined;
  readonly baseUrlFlag: string | undefined;
  readonly goal: Goal;
}

/** Creates the run, or goes on with the one of that id, and drives it to the goal. */
export const startRun = async (request: StartRequest): Promise<ExitCode> => {
  try {
    return await startOnce(request);
  } catch (error) {
    // Another start of this id was faster by a moment: its run is gone on with, as it would have been a moment later.
    if (request.runId === undefined || !isBatchorError(error, 'run_exists')) throw error;
    return startOnce(request);
  }
};

const startOnce = async (request: StartRequest): Promise<ExitCode> => {
  const { runId, place } = request;
  // A store that is not there yet holds no run, and is not made before the run is.
  if (runId !== undefined && (place.store.type !== 'folder' || existsSync(place.store.path))) {
    let { account } = request;
    try {
      return await withRun(
        place,
        runId,
        (stored) => goOn(request, stored, (own) => (account = own)),
        () => account,
      );
    } catch (error) {
      if (!isBatchorError(error, 'run_not_found')) throw error;
    }
  }
  return startNew(request);
};

const startNew = async (request: StartRequest): Promise<ExitCode> => {
  const { context, place, account } = request;
  requireKey(account);
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createRunner(place.store, () => account, { mayMake: true });
  let isCreated = false;
  try {
    const run = await create(request, runner, halt.signal);
    isCreated = true;
    // Who interrupted while the run was being created is heard once there is something to say farewell to.
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

/** Whatever can be found wrong is found before anything exists: input, key, address. */
const create = async ({ context, description, runId }: StartRequest, runner: BatchRunner, signal: AbortSignal): Promise<Run> => {
  await checkInputs(description, context.cwd, signal);
  const job = await jobOf(description, context.cwd);
  try {
    await runner.checkProvider(job.providerConfig);
  } catch (error) {
    throw isBatchorError(error) ? inFlags(error) : error;
  }
  signal.throwIfAborted();
  const id = runId === undefined ? {} : { runId };
  return (await runner.start(job, { ...id, ifExists: 'fail', description: encodeDescription(description), signal })) as Run;
};

/** Where the library speaks of a run, there is none yet. */
const beforeCreation: Readonly<Record<string, string>> = {
  insufficient_quota: 'Add credit or raise the spend limit at the provider, then start again.',
  provider_refused: 'Read what the provider says, and check the address (--base-url, OPENAI_BASE_URL).',
};

const inFlags = ({ code, message, hint }: { readonly code: string; readonly message: string; readonly hint: string }): CliFailure => {
  const isUnreachable = code === 'provider_unavailable';
  const advice = isUnreachable
    ? 'Check the address (--base-url, OPENAI_BASE_URL) and the network, or try again later.'
    : (beforeCreation[code] ?? hint);
  return new CliFailure(message, { hint: `${advice} Nothing was created.`, exitCode: exitCodes.runtime });
};

/** A run that exists: compared with what is asked for now, and never resumed in passing. */
const goOn = async (
  request: StartRequest,
  { runner, run: stored, description: told }: StoredRun,
  belongsTo: (account: Account) => void,
): Promise<ExitCode> => {
  const { context, place, description, baseUrlFlag } = request;
  const { runId } = stored;
  const snapshot = stored.snapshot();
  const account = accountFor(place.loaded, baseUrlFlag, told === null ? undefined : { runId, baseUrl: told.baseUrl });
  belongsTo(account);
  const job = await jobOf(asBefore(description, told, snapshot.config.operation.badRows), context.cwd);
  if (stored.isFinished || snapshot.control.state === 'paused') {
    // Compared even so: whoever asks for something else must not take the old answers for it.
    await runner.getRun(runId, { job });
    await writeJson(context, toWire(stored.summary()));
    if (stored.isFinished) return exitCodeOfRun(stored.summary());
    throw stopReason(snapshot);
  }
  requireKey(account);
  return drive(request, runner, (await runner.start(job, { runId })) as Run);
};

/** Flags that were left out mean what the run has; the same file under another name is the same file. */
const asBefore = (given: JobDescription, told: JobDescription | null, badRows: 'fail' | 'record'): JobDescription => {
  if (told === null) return given;
  const { inputs, policies } = given;
  const isSameInput = inputs.length === told.inputs.length && inputs.every((input, i) => input.absolute === told.inputs[i]?.absolute);
  return {
    ...given,
    inputs: isSameInput ? told.inputs : inputs,
    policies: {
      pollIntervalMs: policies.pollIntervalMs ?? told.policies.pollIntervalMs,
      createGraceMs: policies.createGraceMs ?? told.policies.createGraceMs,
      deletesInputFiles: policies.deletesInputFiles ?? told.policies.deletesInputFiles,
      attemptsMax: policies.attemptsMax ?? told.policies.attemptsMax,
      requestsPerBatchMax: policies.requestsPerBatchMax ?? told.policies.requestsPerBatchMax,
      bytesPerBatchMax: policies.bytesPerBatchMax ?? told.policies.bytesPerBatchMax,
      badRows: policies.badRows ?? badRows,
    },
  };
};

const drive = ({ context, place, goal }: StartRequest, runner: BatchRunner, run: Run, signal?: AbortSignal): Promise<ExitCode> => {
  if (context.isStderrTerminal) writeNotes(context, [`batchor: run ${run.runId} in ${place.storeName}`]);
  return driveTo({ context, place, runner, run, goal, ...(signal === undefined ? {} : { signal }) });
};
