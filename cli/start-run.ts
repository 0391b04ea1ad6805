import { isRunId } from '../lib/core/ids.ts';
import { isBatchorError } from '../lib/run/errors.ts';
import type { Run } from '../lib/run/run.ts';
import type { BatchRunner } from '../lib/run/runner.ts';
import { stopReason } from '../lib/run/stop-reason.ts';
import { toWire } from '../lib/run/wire.ts';
import { accountFor, requireKey } from './account.ts';
import { type Account, createRunner } from './compose.ts';
import type { CliContext } from './context.ts';
import { driveTo, type Goal } from './drive.ts';
import { type ExitCode, exitCodeOfRun } from './exit-codes.ts';
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
  const { runId, place } = request;
  if (runId !== undefined && !isRunId(runId)) {
    throw new CliFailure(`--run-id ${JSON.stringify(runId)} is no run id`, {
      hint: 'A run id has 1 to 120 of A-Z a-z 0-9 . _ - and begins with a letter or digit.',
    });
  }
  const known = runId === undefined ? null : await lookUp(place, runId);
  return known === null ? startNew(request) : goOn(request, known);
};

const lookUp = async (place: Place, runId: string): Promise<StoredRun | null> => {
  try {
    return await withRun(place, runId, (stored) => Promise.resolve(stored));
  } catch (error) {
    if (isBatchorError(error, 'run_not_found')) return null;
    throw error;
  }
};

/** Whatever can be found wrong is found before anything exists: key, input, address. */
const startNew = async ({ context, place, account, description, runId, goal }: StartRequest): Promise<ExitCode> => {
  requireKey(account);
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createRunner(place.storeFolder, account);
  try {
    await checkInputs(description, context.cwd, halt.signal);
    const job = await jobOf(description, context.cwd);
    await check(runner, job.providerConfig);
    const run = await runner.start(job, {
      ...(runId === undefined ? {} : { runId }),
      ifExists: 'fail',
      description: encodeDescription(description),
      signal: halt.signal,
    });
    return await drive(runner, run as Run, { context, place, goal });
  } finally {
    stopListening();
    await runner.close();
  }
};

const check = async (runner: BatchRunner, config: Parameters<BatchRunner['checkProvider']>[0]): Promise<void> => {
  try {
    await runner.checkProvider(config);
  } catch (error) {
    if (!isBatchorError(error)) throw error;
    throw new CliFailure(error.message, {
      hint: `${error.code === 'provider_unavailable' ? 'Check the address (--base-url, OPENAI_BASE_URL) and the network.' : error.hint} Nothing was created.`,
      exitCode: 3,
    });
  }
};

/** A run that exists: compared with what is asked for now, and never resumed in passing. */
const goOn = async (request: StartRequest, { run: stored, description: storedDescription }: StoredRun): Promise<ExitCode> => {
  const { context, place, description, baseUrlFlag, goal } = request;
  const snapshot = stored.snapshot();
  const { runId } = stored;
  const job = await jobOf(asBefore(description, storedDescription, snapshot.config.operation.badRows), context.cwd);
  const account = accountFor(
    place.loaded,
    baseUrlFlag,
    storedDescription === null ? undefined : { runId, baseUrl: storedDescription.baseUrl },
  );
  const runner = await createRunner(place.storeFolder, account);
  try {
    if (stored.isFinished || snapshot.control.state === 'paused') {
      // Compared even so: whoever asks for something else must not take the old answers for it.
      await runner.getRun(runId, { job });
      await writeJson(context, toWire(stored.summary()));
      if (stored.isFinished) return exitCodeOfRun(stored.summary());
      throw stopReason(snapshot);
    }
    requireKey(account);
    const run = await runner.start(job, { runId });
    return await drive(runner, run as Run, { context, place, goal });
  } finally {
    await runner.close();
  }
};

/** Flags that were left out mean what the run has; the same file under another name is the same file. */
const asBefore = (given: JobDescription, stored: JobDescription | null, badRows: 'fail' | 'record'): JobDescription => {
  if (stored === null) return given;
  const { policies } = given;
  const isSameInput =
    given.inputs.length === stored.inputs.length && given.inputs.every((input, i) => input.absolute === stored.inputs[i]?.absolute);
  return {
    ...given,
    inputs: isSameInput ? stored.inputs : given.inputs,
    policies: {
      pollIntervalMs: policies.pollIntervalMs ?? stored.policies.pollIntervalMs,
      attemptsMax: policies.attemptsMax ?? stored.policies.attemptsMax,
      requestsPerBatchMax: policies.requestsPerBatchMax ?? stored.policies.requestsPerBatchMax,
      bytesPerBatchMax: policies.bytesPerBatchMax ?? stored.policies.bytesPerBatchMax,
      badRows: policies.badRows ?? badRows,
    },
  };
};

const drive = (
  runner: BatchRunner,
  run: Run,
  { context, place, goal }: Pick<StartRequest, 'context' | 'place' | 'goal'>,
): Promise<ExitCode> => {
  if (context.isStderrTerminal) writeNotes(context, [`batchor: run ${run.runId} in ${place.storeFolder}`]);
  return driveTo({ context, place, runner, run, goal });
};
