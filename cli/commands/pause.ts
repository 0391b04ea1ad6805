import { Command } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reaches the process that drives the run, wherever it is. */
export class PauseCommand extends RunCommand {
  static override readonly paths = [['pause']];
  static override readonly usage = Command.Usage({
    description: 'Send nothing more; what is at the provider is still collected',
    examples: [['Pause', '$0 pause --run-id reviews']],
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const [{ tellRun }, { awaitingOwner }] = await Promise.all([import('../job/stored-run.ts'), import('../shell/patience.ts')]);
    await writeJson(context, await tellRun(place, runId, (run) => awaitingOwner(context, place, runId, run.pause())));
    return exitCodes.ok;
  }
}
