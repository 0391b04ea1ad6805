import type { AnyJob } from '../../lib/run/job/job.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { WaitingRun, WorkNotice } from '../../lib/run/drive/work.ts';
import { accountFor, requireKey } from '../shell/account.ts';
import { createRunner } from '../compose.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { hintFor } from '../print/hints.ts';
import { decodeDescription } from '../job/job-description.ts';
import { jobOf } from '../job/job.ts';
import { type Place, withStoreNamed } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { requireTrustedStore } from '../shell/store-trust.ts';

export interface WorkRequest {
  readonly context: CliContext;
  readonly place: Place;
  readonly runsMax: number;
  readonly leaseTtlMs: number;
  readonly baseUrl: string | undefined;
  readonly prices: PriceBook | undefined;
}

/** Works on the store until it is interrupted. */
export const work = async ({ context, place, runsMax, leaseTtlMs, baseUrl, prices }: WorkRequest): Promise<ExitCode> => {
  requireTrustedStore(place.concerns);
  const account = requireKey(accountFor(place.loaded, baseUrl));
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
  const accepts = (run: WaitingRun): boolean => {
    const description = describe(run);
    if (description === null || description.baseUrl === account.baseUrl) return true;
    // A key goes where this worker, or the run's start, was told; never to the one when they name two.
    tellOnce(run.runId, [`batchor: run ${run.runId} belongs to ${description.baseUrl ?? "OpenAI's own address"}: left to other workers`]);
    return false;
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

const troubleLines = (runId: string | null, error: unknown, place: Place): readonly string[] => {
  const message = withStoreNamed(place, error instanceof Error ? error.message : String(error));
  const hint = isBatchorError(error) ? [`  ${hintFor(error, place)}`] : [];
  return [`batchor: ${runId === null ? '' : `run ${runId}: `}${message}`, ...hint];
};
