import type { AnyJob } from '../../lib/run/job/job.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { WaitingRun, WorkNotice } from '../../lib/run/drive/work.ts';
import { canAsk, reachOf } from '../shell/account.ts';
import type { ConnectionFlags } from '../shell/connection-flags.ts';
import { type Account, createRunner } from '../compose.ts';
import { cliProvider, isCliConnection } from '../job/providers.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { hintFor } from '../print/hints.ts';
import { decodeDescription, type Description } from '../job/job-description.ts';
import { jobOf } from '../job/job.ts';
import { broughtConnection } from '../shell/load-module.ts';
import { type Place, withStoreNamed } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { requireBrought } from '../job/stored-run.ts';
import { requireTrustedStore } from '../shell/store-trust.ts';

export interface WorkRequest {
  readonly context: CliContext;
  readonly place: Place;
  readonly runsMax: number;
  readonly leaseTtlMs: number;
  readonly flags: ConnectionFlags;
  readonly prices: PriceBook | undefined;
}

/** Processes runs of the store until it is interrupted. */
export const work = async ({
  context,
  place,
  runsMax,
  leaseTtlMs,
  flags,
  prices,
}: WorkRequest): Promise<ExitCode> => {
  requireTrustedStore(place.concerns);
  const account = reachOf(place.loaded, flags);
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createRunner(place.store, () => account, {
    mayMake: true,
    leaseTtlMs,
    prices,
  });
  const notices = createNotices(context, place);
  const jobIn = (description: Description): Promise<AnyJob> =>
    jobOf(description, context.cwd, runner) as unknown as Promise<AnyJob>;
  try {
    if (context.isStderrTerminal)
      writeNotes(context, [`batchor: working on ${place.storeName}; Ctrl-C releases its runs`]);
    await runner.work({
      runsMax,
      signal: halt.signal,
      accepts: async (run) => {
        const why = await reasonToLeave(run, account, jobIn);
        if (why !== null)
          notices.warn(run.runId, [`batchor: run ${run.runId} ${why}: left to other workers`]);
        return why === null;
      },
      onNotice: notices.show,
      jobOf: async (run) => {
        const description = decodeDescription(run.runId, run.description);
        return description === null ? null : jobIn(description);
      },
    });
    return exitCodes.ok;
  } finally {
    stopListening();
    await runner.close();
  }
};

/** What a worker prints: what became of a run as JSON, warnings as notes. */
const createNotices = (
  context: CliContext,
  place: Place,
): {
  /** Prints a warning about a run once, until another warning replaces it. */
  readonly warn: (runId: string | null, lines: readonly string[]) => void;
  readonly show: (notice: WorkNotice) => void;
} => {
  const shown = new Map<string | null, string>();
  const warn = (runId: string | null, lines: readonly string[]): void => {
    if (shown.get(runId) === lines.join('\n')) return;
    shown.set(runId, lines.join('\n'));
    writeNotes(context, lines);
  };
  return {
    warn,
    show: (notice) => {
      if (notice.type === 'trouble')
        return warn(notice.runId, warningLines(notice.runId, notice.error, place));
      shown.delete(notice.runId);
      void writeJson(
        { ...context, isStdoutTerminal: false },
        { event: notice.type, run_id: notice.runId, at: new Date(context.nowMs()).toISOString() },
      );
    },
  };
};

/** Why this worker cannot take the run; null: it can. */
const reasonToLeave = async (
  run: WaitingRun,
  account: Account,
  jobIn: (description: Description) => Promise<unknown>,
): Promise<string | null> => {
  const description = decodeDescription(run.runId, run.description);
  if (!isCliConnection(run.connection)) return reasonAgainstModule(run, description, jobIn);
  // When the worker and the run name two addresses, the key is sent to neither.
  const { name, keyVariable } = cliProvider(account.provider);
  if (run.connection !== name)
    return `belongs to ${run.connection}, and this worker's --provider is ${name}`;
  const why = description === null ? null : strangeTo(description, account);
  if (why !== null) return why;
  return canAsk(account) ? null : `needs a key, and ${keyVariable} is not set`;
};

/** The job's module has the connection, so it is loaded even if all input has been read. */
const reasonAgainstModule = async (
  run: WaitingRun,
  description: Description | null,
  jobIn: (description: Description) => Promise<unknown>,
): Promise<string | null> => {
  if (broughtConnection(run.connection) !== undefined) return null;
  try {
    if (description !== null) await jobIn(description);
    requireBrought(run.runId, run.connection);
    return null;
  } catch (error) {
    return `cannot be processed here (${error instanceof Error ? error.message : String(error)})`;
  }
};

/** Why the worker's connection does not fit the run; null: it fits. */
const strangeTo = (
  { provider, baseUrl, azureApiVersion, headerNames = [] }: Description,
  { headers = {}, ...account }: Account,
): string | null => {
  if (baseUrl !== account.baseUrl)
    return `belongs to ${baseUrl ?? `${cliProvider(provider).title}'s own address`}`;
  if ((azureApiVersion ?? null) !== (account.azureApiVersion ?? null))
    return `was started with --azure-api-version ${azureApiVersion ?? 'left out'}`;
  const lacking = headerNames.find((name) => !Object.hasOwn(headers, name));
  return lacking === undefined
    ? null
    : `was started with the header ${lacking}, which this worker does not have`;
};

const warningLines = (runId: string | null, error: unknown, place: Place): readonly string[] => {
  const message = withStoreNamed(place, error instanceof Error ? error.message : String(error));
  const hint = isBatchorError(error) ? [`  ${hintFor(error, place)}`] : [];
  return [`batchor: ${runId === null ? '' : `run ${runId}: `}${message}`, ...hint];
};
