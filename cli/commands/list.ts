import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { choice, wholeNumber } from '../shell/flags.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { listedStates } from '../shell/listed-states.ts';
import { StoreCommand } from './store-command.ts';

export class ListCommand extends StoreCommand {
  static override readonly paths = [['list']];
  static override readonly usage = Command.Usage({
    description: 'List the runs of a store, newest first',
    details: 'Runs that cannot be opened come first, with the status `damaged` and the error.',
    examples: [
      ['Runs that are not finished', '$0 list --status running'],
      ['Runs that wait for you to resume them', '$0 list --status paused'],
    ],
  });

  readonly status = Option.String('--status', {
    description: `List only runs in this state, as status or control_state: ${listedStates.join(', ')}`,
  });
  readonly limit = Option.String('--limit', {
    description: 'Maximum number of runs (default: all)',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const status = this.status === undefined ? null : choice('--status', this.status, listedStates);
    const limit = wholeNumber('--limit', this.limit);
    const { readSummaries } = await import('../actions/read-store.ts');
    const tell = (lines: readonly string[]): void => writeNotes(this.context, lines);
    await writeJson(this.context, await readSummaries(place, { status, limit }, tell));
    return exitCodes.ok;
  }
}
