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
    description: 'Delete a finished run and its results',
    details:
      'Refuses a run that is unfinished, damaged or owned by another process. `--abandon` deletes an unfinished or damaged run as well. Its batches continue at the provider and are billed; the output lists them in `abandoned_batches` (null for a damaged run, whose batches are unknown).',
    examples: [['Delete', '$0 delete --run-id reviews']],
  });

  readonly abandon = Option.Boolean('--abandon', false, {
    description: 'Delete an unfinished or damaged run; its batches continue at the provider',
  });

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
        await writeJson(this.context, {
          run_id: runId,
          deleted: true,
          abandoned_batches: abandoned,
        });
        return exitCodes.ok;
      });
    } catch (error) {
      if (this.abandon && isBatchorError(error, 'store_corrupt'))
        return this.removeDamaged(place, runId);
      if (!isBatchorError(error, 'run_not_finished')) throw error;
      const end = `End it first: ${commandLine(place, 'cancel', runId, '--wait')}.`;
      // A cancelled run finishes only once the outcome of every create is known.
      const checkAgain = `Check its held batch again: ${commandLine(place, 'resume', runId, '--wait')}.`;
      throw new CliFailure(error.message, {
        hint: `${isHeld ? checkAgain : end} Or delete it and abandon its batches: ${commandLine(place, 'delete', runId, '--abandon')}`,
        exitCode: exitCodes.stopped,
      });
    }
  }

  /**
   * The batches of the run cannot be read, so the output cannot list which continue at the
   * provider.
   */
  private async removeDamaged(place: Place, runId: string): Promise<ExitCode> {
    const { withRunner } = await import('../job/stored-run.ts');
    await withRunner(place, (runner) => runner.deleteRun(runId, { abandon: true }));
    writeNotes(this.context, [
      `batchor: run ${runId} could not be opened, so its batches are unknown; batches at the provider continue and are billed`,
    ]);
    await writeJson(this.context, { run_id: runId, deleted: true, abandoned_batches: null });
    return exitCodes.ok;
  }
}
