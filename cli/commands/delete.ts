import { Command, Option } from 'clipanion';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

export class DeleteCommand extends RunCommand {
  static override readonly paths = [['delete']];
  static override readonly usage = Command.Usage({
    description: 'Remove a finished run, its results included',
    details:
      'Refuses a run that is not finished, or that a process drives. With `--abandon` an unfinished run goes too; its batches at the provider go on, are billed, and are named. A damaged run needs `--abandon` as well; its batches are not known then (`abandoned_batches` is null).',
    examples: [['Remove', '$0 delete --run-id reviews']],
  });

  readonly abandon = Option.Boolean('--abandon', false, { description: 'Remove it unfinished; its batches go on at the provider' });

  protected async perform(place: Place): Promise<ExitCode> {
    const runId = this.givenRunId;
    const { withRun } = await import('../job/stored-run.ts');
    let isHeld = false;
    try {
      return await withRun(place, runId, async ({ runner, run }) => {
        isHeld = run.summary().liveBatches.some((batch) => batch.held !== null);
        const live = run.isFinished ? [] : run.summary().liveBatches;
        await runner.deleteRun(runId, { abandon: this.abandon });
        const abandoned = live.map(({ batchKey, phase, providerBatchId }) => ({
          batch_key: batchKey,
          phase,
          provider_batch_id: providerBatchId,
        }));
        await writeJson(this.context, { run_id: runId, deleted: true, abandoned_batches: abandoned });
        return exitCodes.ok;
      });
    } catch (error) {
      if (this.abandon && isBatchorError(error, 'store_corrupt')) return this.removeDamaged(place, runId);
      if (!isBatchorError(error, 'run_not_finished')) throw error;
      const end = `End it first: ${commandLine(place, 'cancel', runId, '--wait')}.`;
      // Cancelling waits for what became of every create.
      const lookAgain = `Let batchor look for its held batch once more: ${commandLine(place, 'resume', runId, '--wait')}.`;
      throw new CliFailure(error.message, {
        hint: `${isHeld ? lookAgain : end} Or leave its batches to themselves: ${commandLine(place, 'delete', runId, '--abandon')}`,
        exitCode: exitCodes.stopped,
      });
    }
  }

  /** Its batches cannot be read: which of them go on at the provider, only the provider knows. */
  private async removeDamaged(place: Place, runId: string): Promise<ExitCode> {
    const { withRunner } = await import('../job/stored-run.ts');
    await withRunner(place, (runner) => runner.deleteRun(runId, { abandon: true }));
    writeNotes(this.context, [
      `batchor: run ${runId} could not be opened, so its batches are not known; those that run at the provider go on, and are billed`,
    ]);
    await writeJson(this.context, { run_id: runId, deleted: true, abandoned_batches: null });
    return exitCodes.ok;
  }
}
