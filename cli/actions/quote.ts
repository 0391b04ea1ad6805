import type { QuoteOptions } from '../../lib/run/quote/quote.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { createQuoter } from '../compose.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { jobOf } from '../job/job.ts';
import type { Description } from '../job/job-description.ts';
import { checkInputs, checkRowSizes } from '../job/preflight.ts';
import { quoteTable } from '../print/quote-table.ts';
import { showReading } from '../print/work-progress.ts';
import { writeJson, writeNotes } from '../print/render.ts';

/** Prints what the job would send and cost; a table as well if stderr is a terminal. */
export const quote = async (
  context: CliContext,
  description: Description,
  options: Omit<QuoteOptions, 'signal' | 'onProgress'>,
): Promise<ExitCode> => {
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => halt.abort());
  const runner = await createQuoter();
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
    await writeJson(context, toWire(quoted));
    return exitCodes.ok;
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

/** `1-24`, in hours. */
export const hoursOf = (text: string): { readonly from: number; readonly to: number } => {
  const [, from = '', to = ''] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/u.exec(text) ?? [];
  if (from !== '' && Number(from) <= Number(to)) return { from: Number(from), to: Number(to) };
  throw new CliFailure(
    `--batch-hours must be FROM-TO in hours, e.g. 1-24 (got ${JSON.stringify(text)})`,
  );
};
