import { Command, Option } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { required } from '../shell/flags.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeLines, writeNotes } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store alone: no key, no network. */
export class InspectCommand extends RunCommand {
  static override readonly paths = [['inspect']];
  static override readonly usage = Command.Usage({
    description: "Show one row's history: attempt, batch, file, line, outcome",
    details: `
      Names every batch that the row was in, every line of its raw files that speaks of the row, and what came of it. The history for
      people goes to stderr, JSON to stdout.
    `,
    examples: [['Why a row has no answer', '$0 inspect --run-id reviews --item r17']],
  });

  readonly item = Option.String('--item', { description: 'The id of the row' });

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
