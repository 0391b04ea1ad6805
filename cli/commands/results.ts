import { Command, Option } from 'clipanion';
import { isBatchorError } from '../../lib/run/errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { wholeNumber } from '../flags.ts';
import { commandLine, type Place } from '../place.ts';
import { isOfModule } from '../job-description.ts';
import { writeJson } from '../render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store alone: no key, no network. */
export class ResultsCommand extends RunCommand {
  static override readonly paths = [['results']];
  static override readonly usage = Command.Usage({
    description: "Print a run's results, one JSON line per input row, in input order",
    details: `
      Of a run that is not finished only \`--partial\` prints what there is: in the order in which rows ended, each line with its
      \`sequence\`, after which \`--after-sequence\` goes on another time. With \`--output\` the lines go to a file, whole or not at
      all, and stdout says how many.
    `,
    examples: [['Into a file', '$0 results --run-id reviews --output answers.jsonl']],
  });

  readonly output = Option.String('--output', { description: 'Write to this file' });
  readonly partial = Option.Boolean('--partial', false, { description: 'What has ended so far, in the order of ending' });
  readonly afterSequence = Option.String('--after-sequence', { description: 'With --partial: only what ended after this sequence' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId, output } = this;
    const afterSequence = wholeNumber('--after-sequence', this.afterSequence, 0);
    if (afterSequence !== null && !this.partial)
      throw new CliFailure('--after-sequence goes with --partial', { hint: 'Results in input order have no cursor.' });
    const [{ withRun }, { resultPages, writeResults, writeResultsFile }] = await Promise.all([
      import('../stored-run.ts'),
      import('../result-lines.ts'),
    ]);
    try {
      return await withRun(place, runId, async ({ run, description }) => {
        const inputs = description === null || isOfModule(description) ? [] : description.inputs.map((input) => input.absolute);
        const pages = resultPages(run, this.partial ? (afterSequence ?? 0) : null);
        if (output === undefined) await writeResults(context.stdout, pages);
        else await writeJson(context, { run_id: runId, ...(await writeResultsFile(output, { cwd: context.cwd, inputs }, pages)) });
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
}
