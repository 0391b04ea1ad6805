import type { AnyJob } from '../../lib/run/job/job.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { WaitingRun, WorkNotice } from '../../lib/run/drive/work.ts';
import { canAsk, reachOf } from '../shell/account.ts';
import type { ConnectionFlags } from '../shell/connection-flags.ts';
import { type Account, connectionName, createRunner } from '../compose.ts';
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

/** Works on the store until it is interrupted. */
export const work = async ({ context, place, runsMax, leaseTtlMs, flags, prices }: WorkRequest): Promise<ExitCode> => {
  requireTrustedStore(place.concerns);
  const account = reachOf(place.loaded, flags);
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createRunner(place.store, () => account, { mayMake: true, leaseTtlMs, prices });
  const told = new Map<string | null, string>();
  /** The same trouble of a run is told once, until another takes its place. */
  const tellOnce = (runId: string | null, lines: readonly string[]): void => {
    if (told.get(runId) === lines.join('\n')) return;
    told.set(runId, lines.join('\n'));
    writeNotes(context, lines);
  };
  const onNotice = (notice: WorkNotice): void => {
    if (notice.type === 'trouble') tellOnce(notice.runId, troubleLines(notice.runId, notice.error, place));
    else {
      told.delete(notice.runId);
      void writeJson(
        { ...context, isStdoutTerminal: false },
        { event: notice.type, run_id: notice.runId, at: new Date(context.nowMs()).toISOString() },
      );
    }
  };
  const describe = (run: WaitingRun): ReturnType<typeof decodeDescription> => decodeDescription(run.runId, run.description);
  const leave = (run: WaitingRun, why: string): false => {
    tellOnce(run.runId, [`batchor: run ${run.runId} ${why}: left to other workers`]);
    return false;
  };
  const accepts = async (run: WaitingRun): Promise<boolean> => {
    const description = describe(run);
    if (run.connection !== connectionName) return bringsConnection(run, description);
    // A key goes where this worker, or the run's start, was told; never to the one when they name two.
    const why = description === null ? null : strangeTo(description, account);
    if (why !== null) return leave(run, why);
    return canAsk(account) || leave(run, 'needs a key, and OPENAI_API_KEY is not set');
  };
  /** The module of its job has the connection, whether there is input left to read or not. */
  const bringsConnection = async (run: WaitingRun, description: Description | null): Promise<boolean> => {
    if (broughtConnection(run.connection) !== undefined) return true;
    try {
      if (description !== null) await jobOf(description, context.cwd, runner);
      requireBrought(run.runId, run.connection);
      return true;
    } catch (error) {
      return leave(run, `cannot be driven here (${error instanceof Error ? error.message : String(error)})`);
    }
  };
  try {
    if (context.isStderrTerminal) writeNotes(context, [`batchor: working on ${place.storeName}; Ctrl-C gives its runs back`]);
    await runner.work({
      runsMax,
      signal: halt.signal,
      accepts,
      onNotice,
      jobOf: async (run) => {
        const description = describe(run);
        return description === null ? null : ((await jobOf(description, context.cwd, runner)) as unknown as AnyJob);
      },
    });
    return exitCodes.ok;
  } finally {
    stopListening();
    await runner.close();
  }
};

/** Why the worker, as it reaches the service, is not for the run; null: it is. */
const strangeTo = ({ baseUrl, azureApiVersion, headerNames = [] }: Description, { headers = {}, ...account }: Account): string | null => {
  if (baseUrl !== account.baseUrl) return `belongs to ${baseUrl ?? "OpenAI's own address"}`;
  if ((azureApiVersion ?? null) !== (account.azureApiVersion ?? null))
    return `was started with --azure-api-version ${azureApiVersion ?? 'left out'}`;
  const lacking = headerNames.find((name) => !Object.hasOwn(headers, name));
  return lacking === undefined ? null : `was started with the header ${lacking}, which this worker was not given`;
};

const troubleLines = (runId: string | null, error: unknown, place: Place): readonly string[] => {
  const message = withStoreNamed(place, error instanceof Error ? error.message : String(error));
  const hint = isBatchorError(error) ? [`  ${hintFor(error, place)}`] : [];
  return [`batchor: ${runId === null ? '' : `run ${runId}: `}${message}`, ...hint];
};
