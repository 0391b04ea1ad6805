import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { writeNotes } from '../print/render.ts';
import { DrivingCommand } from './store-command.ts';

export class CancelCommand extends DrivingCommand {
  static override readonly paths = [['cancel']];
  static override readonly usage = Command.Usage({
    description: 'End a run early: cancel its batches, keep their answers',
    details: `
      Sends no more rows and asks the provider to cancel every batch of the run. The provider may take minutes to cancel.
      \`wait\` then collects the answers that exist (\`--wait\`: now). All other rows fail as \`run_cancelled\`.
    `,
    examples: [['Cancel, and collect the answers', '$0 cancel --run-id reviews --wait']],
  });

  readonly wait = Option.Boolean('--wait', false, {
    description: 'Collect the answers until the run finishes',
  });
  readonly cancelAdopted = Option.Boolean('--cancel-adopted', false, {
    description:
      'Also cancel the batches of --from-batch, which were created elsewhere (default: refuse to cancel while one is in progress)',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const [{ driveTo }, { withDrivableRun }, { awaitingOwner }] = await Promise.all([
      import('../actions/drive.ts'),
      import('../job/stored-run.ts'),
      import('../shell/patience.ts'),
    ]);
    return withDrivableRun(place, runId, { flags: this, context }, async ({ runner, run }) => {
      await awaitingOwner(context, place, runId, run.cancel({ cancelAdopted: this.cancelAdopted }));
      const code = await driveTo({
        context,
        place,
        runner,
        run,
        goal: this.wait ? 'finished' : 'cancelling',
      });
      if (!run.isFinished)
        writeNotes(context, [
          `batchor: cancelling; collect the answers: ${commandLine(place, 'wait', runId)}`,
        ]);
      return code;
    });
  }
}
