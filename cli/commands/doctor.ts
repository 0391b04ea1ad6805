import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { StoreCommand } from './store-command.ts';

/** Reads files only: no key, no network. */
export class DoctorCommand extends StoreCommand {
  static override readonly paths = [['doctor']];
  static override readonly usage = Command.Usage({
    description: 'Check stored runs for damage; --repair recovers the last verifiable state',
    details:
      'Without `--repair` nothing is changed. With `--repair`, a damaged run continues from its last verifiable version. It prints first what the repair discards, and does not ask. Discarded and damaged files are moved aside in the folder of the run. Exit codes: 6 a run is damaged, 5 another process owns the run to repair.',
    examples: [['What a repair would discard', '$0 doctor --run-id reviews']],
  });

  readonly runId = Option.String('--run-id', {
    description: 'Check only this run (default: all runs of the store)',
  });
  readonly repair = Option.Boolean('--repair', false, {
    description: 'Recover the last verifiable version',
  });

  protected async perform(place: Place): Promise<ExitCode> {
    const { examineStore } = await import('../actions/doctor.ts');
    const tell = (lines: readonly string[]): void => writeNotes(this.context, lines);
    const { report, exitCode } = await examineStore(place, {
      runId: this.runId ?? null,
      doesRepair: this.repair,
      tell,
    });
    await writeJson(this.context, report);
    return exitCode;
  }
}
