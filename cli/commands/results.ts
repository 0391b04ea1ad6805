import { resolve } from 'node:path';
import { Command, Option } from 'clipanion';
import type { ResultExtra } from '../../lib/core/settle/results.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { wholeNumber } from '../shell/flags.ts';
import { requireOutsideStore } from '../shell/outside-store.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { isOfModule, isOfRun } from '../job/job-description.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { requirePlace, resultFormatOf } from '../print/table-formats.ts';
import { tableFormatOf } from '../compose.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store alone: no key, no network. */
export class ResultsCommand extends RunCommand {
  static override readonly paths = [['results']];
  static override readonly usage = Command.Usage({
    description: "Print a run's results, one per input row, in input order",
    details: `
      Of a run that is not finished only \`--partial\` prints what there is: in the order in which rows ended, each line with its
      \`sequence\`, after which \`--after-sequence\` goes on another time. With \`--output\` they go to a file, whole or not at
      all, and stdout says how many.

      JSON lines, or a table with a column for each field: CSV, Parquet or Arrow, by \`--format\` or the end of the file's name. \`--summary\`
      prints no result but what one would ask of them first.
    `,
    examples: [
      ['Into a file', '$0 results --run-id reviews --output answers.jsonl'],
      ['Into a table', '$0 results --run-id reviews --output answers.parquet'],
      ['At a glance', '$0 results --run-id reviews --summary'],
    ],
  });

  readonly output = Option.String('--output', { description: 'Write to this file' });
  readonly format = Option.String('--format', { description: "jsonl, csv, parquet or arrow (default: by the file's name, else jsonl)" });
  readonly summary = Option.Boolean('--summary', false, { description: 'Counts by failure class, tokens, cost, the slowest batches' });
  readonly partial = Option.Boolean('--partial', false, { description: 'What has ended so far, in the order of ending' });
  readonly afterSequence = Option.String('--after-sequence', { description: 'With --partial: only what ended after this sequence' });

  readonly include = Option.Array('--include', [], { description: "response: each result with the provider's whole body (repeatable)" });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, output } = this;
    const include = extrasOf(this.include);
    const afterSequence = wholeNumber('--after-sequence', this.afterSequence, 0);
    if (afterSequence !== null && !this.partial)
      throw new CliFailure('--after-sequence goes with --partial', { hint: 'Results in input order have no cursor.' });
    if (this.summary) return this.summarize(place);
    const wanted = resultFormatOf(this.format, output);
    if (output !== undefined) await requireOutsideStore('--output', output, resolve(context.cwd, output), place);
    const [{ withRun }, { bytesOfTable, linesOf, resultPages, writeResults, writeResultsFile }, format] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../print/result-lines.ts'),
      tableFormatOf(wanted),
    ]);
    if (format !== null && output === undefined) requirePlace(format, context.isStdoutTerminal);
    try {
      return await withRun(place, runId, async ({ run, description }) => {
        const inputs =
          description === null || isOfModule(description) || isOfRun(description) ? [] : description.inputs.map((input) => input.absolute);
        const after = this.partial ? (afterSequence ?? 0) : null;
        const bytes = format === null ? linesOf(resultPages(run, after, include)) : await bytesOfTable(run, after, include, format);
        if (output === undefined) await writeResults(context.stdout, bytes, context.isStdoutTerminal);
        else await writeJson(context, { run_id: runId, ...(await writeResultsFile(output, { cwd: context.cwd, inputs }, bytes)) });
        return exitCodes.ok;
      });
    } catch (error) {
      if (!isBatchorError(error, 'run_not_finished')) throw error;
      throw new CliFailure(error.message, {
        hint: `Finish it: ${commandLine(place, 'wait', runId)}. Or read what there is: ${commandLine(place, 'results', runId, '--partial')}`,
        exitCode: exitCodes.stopped,
      });
    }
  }

  /** The table goes to stderr, so that stdout stays data. */
  private async summarize(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const odd =
      this.output !== undefined
        ? '--output'
        : this.format !== undefined
          ? '--format'
          : this.partial
            ? '--partial'
            : this.include.length > 0
              ? '--include'
              : null;
    if (odd !== null) throw new CliFailure(`--summary and ${odd} exclude each other`, { hint: 'A summary is of what there is by now.' });
    const [{ withRun }, { reportTable }, { toWire }] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../print/report-table.ts'),
      import('../../lib/run/view/wire.ts'),
    ]);
    const report = await withRun(place, runId, ({ run }) => run.report());
    await writeJson(context, toWire(report));
    writeNotes(context, reportTable(report));
    return exitCodes.ok;
  }
}

const extrasOf = (names: readonly string[]): readonly ResultExtra[] =>
  names.map((name) => {
    if (name !== 'response')
      throw new CliFailure(`--include must be response (got ${JSON.stringify(name)})`, { hint: 'Everything else is always there.' });
    return name;
  });
