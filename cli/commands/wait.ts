import { Command } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { pricesFlag, pricesOf } from '../job/price-flag.ts';
import { DrivingCommand } from './store-command.ts';

/** Needs only the run id: the flags of `start` are stored with the run. */
export class WaitCommand extends DrivingCommand {
  static override readonly paths = [['wait']];
  static override readonly usage = Command.Usage({
    description: 'Continue a run until it finishes',
    details: `
      Continues from the stored state, including reading the input. If another process owns the run, follows it, and takes over when
      that process ends. Prints the summary of the run as JSON.
    `,
    examples: [['After a crash, or a start without --wait', '$0 wait --run-id reviews']],
  });

  readonly prices = pricesFlag();

  protected override get doesDrive(): boolean {
    return true;
  }

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId } = this;
    const [{ driveTo }, { withDrivableRun }] = await Promise.all([
      import('../actions/drive.ts'),
      import('../job/stored-run.ts'),
    ]);
    const prices = await pricesOf(this.prices, place.loaded, context.cwd);
    return withDrivableRun(place, givenRunId, { flags: this, context, prices }, (stored) =>
      driveTo({ context, place, ...stored, goal: 'finished' }),
    );
  }
}
