import { Command } from 'clipanion';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { RunCommand } from './store-command.ts';

/** Reads the store only: no key, no network. */
export class VerifyCommand extends RunCommand {
  static override readonly paths = [['verify']];
  static override readonly usage = Command.Usage({
    description: 'Verify that no row of a run is lost or counted twice',
    details: `
      Counts every row, batch and result again, and follows every pointer to its line. Changes nothing, and works while the run
      continues. Prints a table to stderr and JSON to stdout. Exit code 6: a check failed; the output says which and where.
    `,
    examples: [['Verify one run', '$0 verify --run-id reviews']],
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { context, givenRunId: runId } = this;
    const [{ withRun }, { brokenText, verificationTable }, { toWire }, { showProgress }] =
      await Promise.all([
        import('../job/stored-run.ts'),
        import('../print/verification-table.ts'),
        import('../../lib/run/view/wire.ts'),
        import('../print/work-progress.ts'),
      ]);
    const progress = showProgress(context, 'verifying');
    try {
      const verification = await withRun(place, runId, ({ run }) =>
        run.verify({ onProgress: progress.show }),
      );
      progress.end();
      await writeJson(context, toWire(verification));
      writeNotes(context, verificationTable(verification));
      if (verification.broken === null) return exitCodes.ok;
      writeNotes(context, brokenText(verification.broken, runId, place));
      return exitCodes.verificationFailed;
    } finally {
      progress.end();
    }
  }
}
