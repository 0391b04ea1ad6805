import { Command, Option } from 'clipanion';
import { toWire } from '../../lib/run/wire.ts';
import { driveTo } from '../drive.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { choice } from '../flags.ts';
import { commandLine, type Place } from '../place.ts';
import { writeJson, writeNotes } from '../render.ts';
import { openForDriving, withRun } from '../stored-run.ts';
import { RunCommand } from './store-command.ts';

export class ResumeCommand extends RunCommand {
  static override readonly paths = [['resume']];
  static override readonly usage = Command.Usage({
    description: 'Let a paused run go on',
    details: 'With `--wait` this process drives it to its end; without, the process that drives it goes on, or `wait` does.',
    examples: [
      ['Go on after a bad row, and record each as a failed item', '$0 resume --run-id reviews --bad-rows record --wait'],
      ['Go on after a pause', '$0 resume --run-id reviews --wait'],
    ],
  });

  readonly badRows = Option.String('--bad-rows', {
    description: 'From now on, rows that cannot be items: fail (pause at the first) or record',
  });
  readonly wait = Option.Boolean('--wait', false, { description: 'Drive it to its end' });
  readonly baseUrl = Option.String('--base-url', { description: 'Address of the service (default: the one the run was started with)' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const badRows = this.badRows === undefined ? undefined : choice('--bad-rows', this.badRows, ['fail', 'record']);
    const options = badRows === undefined ? {} : { badRows };
    if (!this.wait) {
      const summary = await withRun(place, runId, ({ run }) => run.resume(options));
      await writeJson(context, toWire(summary));
      writeNotes(context, [`batchor: run ${runId} may go on; drive it: ${commandLine(place, 'wait', runId)}`]);
      return exitCodes.ok;
    }
    const { runner, run } = await openForDriving(place, { runId, baseUrl: this.baseUrl, cwd: context.cwd });
    try {
      await run.resume(options);
      return await driveTo({ context, place, runner, run, goal: 'finished' });
    } finally {
      await runner.close();
    }
  }
}
