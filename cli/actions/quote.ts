import { defaultOperation } from '../../lib/core/model/config.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import type { Quote, QuoteOptions } from '../../lib/run/quote/quote.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { type Account, createQuoter } from '../compose.ts';
import type { BatchFlags } from '../job/adopted-batches.ts';
import { reachOf, storedReach } from '../shell/account.ts';
import type { ConnectionFlags } from '../shell/connection-flags.ts';
import type { LoadedEnv } from '../shell/env-file.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { type CliJob, jobOf } from '../job/job.ts';
import { type Description, isOfBatches } from '../job/job-description.ts';
import { checkInputs, checkRowSizes } from '../job/preflight.ts';
import { serviceNotes } from '../print/service-notes.ts';
import { quoteTable } from '../print/quote-table.ts';
import { showReading } from '../print/work-progress.ts';
import { writeJson, writeNotes } from '../print/render.ts';

type Options = Omit<QuoteOptions, 'signal' | 'onProgress'>;

/** Prints what the job would send and cost; a table as well if stderr is a terminal. */
export const quote = async (
  context: CliContext,
  description: Description,
  options: Options,
  account?: Account,
): Promise<ExitCode> => {
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createQuoter(account);
  const progress = showReading(context, 'reading the input');
  try {
    await checkInputs(description, context.cwd, halt.signal);
    const job = await jobOf(description, context.cwd, null, (line) => writeNotes(context, [line]));
    await checkRowSizes(description, job, halt.signal, (line) => writeNotes(context, [line]));
    const quoted = await runner.quote(job, {
      ...options,
      signal: halt.signal,
      onProgress: ({ rows }) => progress.show(rows),
    });
    progress.end();
    if (context.isStderrTerminal) writeNotes(context, quoteTable(quoted));
    await writeJson(context, { ...toWire(quoted), ...adoptedOf(description, job, quoted) });
    // A run would pause at its first bad row.
    return quoted.badRows.count > 0 && job.badRows !== 'record' ? exitCodes.stopped : exitCodes.ok;
  } catch (error) {
    if (!halt.signal.aborted) throw error;
    progress.end();
    writeNotes(context, ['batchor: interrupted; nothing was started']);
    return exitCodes.interrupted;
  } finally {
    progress.end();
    stopListening();
    await runner.close();
  }
};

/**
 * Prints what batches that were created elsewhere hold, in which state they are, and what sending
 * their rows again would cost. Reads them and their input files at the provider; writes nothing.
 */
export const quoteBatches = async (
  context: CliContext,
  flags: BatchFlags & ConnectionFlags,
  { loaded, book, options = {} }: Reading,
): Promise<ExitCode> => {
  const account = reachOf(loaded, flags);
  const { describeFound } = await import('./describe-adopted.ts');
  const description = await describeFound(flags, account, {
    cwd: context.cwd,
    stdin: context.stdin,
    note: (line) => writeNotes(context, [line]),
    reach: storedReach(account),
    book,
  });
  writeNotes(context, await serviceNotes(description));
  return quote(context, description, options, account);
};

interface Reading {
  readonly loaded: LoadedEnv;
  readonly book: PriceBook | undefined;
  readonly options?: Options;
}

/** The batches as the provider shows them, and the highest cost of all retries. */
const adoptedOf = (
  description: Description,
  { providerConfig }: CliJob,
  { worstCaseUsd }: Quote,
): JsonObject => {
  if (!isOfBatches(description)) return {};
  const { attemptsMax, retriesAdopted } = description.policies;
  const timesMax = attemptsMax ?? defaultOperation(providerConfig.limits).retry.attemptsMax;
  return {
    adopted_batches: description.adopted.map(
      ({ providerBatchId, providerStatus, inputFileId, requests }) => ({
        batch_id: providerBatchId,
        status: providerStatus,
        requests,
        input_file_id: inputFileId,
      }),
    ),
    retries: {
      are_sent: retriesAdopted === true,
      per_row_max: timesMax,
      worst_case_usd: worstCaseUsd === null ? null : worstCaseUsd * timesMax,
    },
  };
};

/** `1-24`, in hours. */
export const hoursOf = (text: string): { readonly from: number; readonly to: number } => {
  const [, from = '', to = ''] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/u.exec(text) ?? [];
  if (from !== '' && Number(from) <= Number(to)) return { from: Number(from), to: Number(to) };
  throw new CliFailure(
    `--batch-hours must be FROM-TO in hours, e.g. 1-24 (got ${JSON.stringify(text)})`,
  );
};
