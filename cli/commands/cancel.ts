import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import { commandLine, type Place } from '../shell/place.ts';
import { writeNotes } from '../print/render.ts';
import { DrivingCommand } from './store-command.ts';

export class CancelCommand extends DrivingCommand {
  static override readonly paths = [['cancel']];
  static override readonly usage = Command.Usage({
    description: 'End a run early: cancel its batches, keep what they answered',
    details: `
      Sends nothing more and asks the provider to cancel every batch of the run. The provider takes a while for that, and what
      it has answered by then is collected by \`wait\` (or at once, with \`--wait\`); the rest of the rows fail as \`run_cancelled\`.
    `,
    examples: [['Cancel, and collect what was answered', '$0 cancel --run-id reviews --wait']],
  });

  readonly wait = Option.Boolean('--wait', false, { description: 'Collect what was answered, to the end of the run' });
  readonly cancelAdopted = Option.Boolean('--cancel-adopted', false, {
    description: 'Cancel batches of --from-batch, too, which were created elsewhere (default: a run that waits for some is not cancelled)',
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
      const code = await driveTo({ context, place, runner, run, goal: this.wait ? 'finished' : 'cancelling' });
      if (!run.isFinished) writeNotes(context, [`batchor: cancelling; collect what was answered: ${commandLine(place, 'wait', runId)}`]);
      return code;
    });
  }
}
