import { Command } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Sends the request to the process that owns the run, on any machine. */
export class PauseCommand extends RunCommand {
  static override readonly paths = [['pause']];
  static override readonly usage = Command.Usage({
    description: 'Stop sending rows; answers of batches at the provider are still collected',
    examples: [['Pause', '$0 pause --run-id reviews']],
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const [{ requestRun }, { awaitingOwner }] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../shell/patience.ts'),
    ]);
    await writeJson(
      context,
      await requestRun(place, runId, (run) => awaitingOwner(context, place, runId, run.pause())),
    );
    return exitCodes.ok;
  }
}
