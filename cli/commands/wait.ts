import { Command, Option } from 'clipanion';
import { driveTo } from '../drive.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Place } from '../place.ts';
import { openForDriving } from '../stored-run.ts';
import { RunCommand } from './store-command.ts';

/** Needs nothing but the run: what its start was told is stored with it. */
export class WaitCommand extends RunCommand {
  static override readonly paths = [['wait']];
  static override readonly usage = Command.Usage({
    description: 'Go on with a run until it is finished',
    details: `
      Goes on where the run stands, reading its input included, from what is stored with it. Where another process drives the
      run, follows it, and takes over if that process ends. Prints the run's summary as JSON.
    `,
    examples: [['After a crash, or a start without --wait', '$0 wait --run-id reviews']],
  });

  readonly baseUrl = Option.String('--base-url', { description: 'Address of the service (default: the one the run was started with)' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context } = this;
    const { runner, run } = await openForDriving(place, { runId: this.givenRunId, baseUrl: this.baseUrl, cwd: context.cwd });
    try {
      return await driveTo({ context, place, runner, run, goal: 'finished' });
    } finally {
      await runner.close();
    }
  }
}
