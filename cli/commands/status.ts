import { Command } from 'clipanion';
import { capNoteOf } from '../print/cap-note.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store only: no key, no network. */
export class StatusCommand extends RunCommand {
  static override readonly paths = [['status']];
  static override readonly usage = Command.Usage({
    description: 'Show the status of a run',
    examples: [['Status of one run', '$0 status --run-id reviews']],
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { readSummary } = await import('../actions/read-store.ts');
    const summary = await readSummary(place, this.givenRunId);
    await writeJson(this.context, summary);
    const note = capNoteOf(summary);
    if (note !== null) writeNotes(this.context, [note]);
    return exitCodes.ok;
  }
}
