import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { required } from '../shell/flags.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeLines, writeNotes } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store only: no key, no network. */
export class InspectCommand extends RunCommand {
  static override readonly paths = [['inspect']];
  static override readonly usage = Command.Usage({
    description: 'Show the history of one row: attempts, batches, files, lines, outcome',
    details: `
      Lists every batch of the row, every line of the raw files about it, and its outcome. Readable text goes to stderr, JSON to
      stdout.
    `,
    examples: [['Why a row has no answer', '$0 inspect --run-id reviews --item r17']],
  });

  readonly item = Option.String('--item', {
    description: 'Id of the row (item_id in the results)',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const itemId = required('--item', this.item, 'Name the row by its id, as the results do.');
    const [{ withRun }, { historyText }, { toWire }] = await Promise.all([
      import('../job/stored-run.ts'),
      import('../print/history-text.ts'),
      import('../../lib/run/view/wire.ts'),
    ]);
    const inspection = await withRun(place, runId, ({ run }) => run.inspect(itemId));
    if (context.isStdoutTerminal) await writeLines(context.stdout, historyText(inspection));
    else {
      await writeJson(context, toWire(inspection));
      writeNotes(context, historyText(inspection));
    }
    return exitCodes.ok;
  }
}
