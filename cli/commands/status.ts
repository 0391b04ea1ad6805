import { Command } from 'clipanion';
import { toWire } from '../../lib/run/wire.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Place } from '../place.ts';
import { writeJson } from '../render.ts';
import { withRun } from '../stored-run.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store alone: no key, no network. */
export class StatusCommand extends RunCommand {
  static override readonly paths = [['status']];
  static override readonly usage = Command.Usage({
    description: 'Show how a run stands',
    examples: [['How it stands', '$0 status --run-id reviews']],
  });

  protected async perform(place: Place): Promise<ExitCode> {
    await withRun(place, this.givenRunId, ({ run }) => writeJson(this.context, toWire(run.summary())));
    return exitCodes.ok;
  }
}
