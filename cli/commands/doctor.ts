import { Command, Option } from 'clipanion';
import type { ExitCode } from '../shell/exit-codes.ts';
import type { Place } from '../shell/place.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { StoreCommand } from './store-command.ts';

/** Looks at files alone: no key, no network. */
export class DoctorCommand extends StoreCommand {
  static override readonly paths = [['doctor']];
  static override readonly usage = Command.Usage({
    description: 'Check stored runs for damage; --repair recovers the last verifiable state',
    details:
      'Without `--repair` it changes nothing. With it, a damaged run goes on from the last version that can be proved; it says first what that gives up, and asks nothing. What was damaged or given up is set aside in the folder of the run. Ends with 6 when something is damaged, with 5 when what it should repair is driven by a process.',
    examples: [['What a repair would give up', '$0 doctor --run-id reviews']],
  });

  readonly runId = Option.String('--run-id', { description: 'Only this run (default: all of the store)' });
  readonly repair = Option.Boolean('--repair', false, { description: 'Go on from the last version that can be proved' });

  protected async perform(place: Place): Promise<ExitCode> {
    const { examineStore } = await import('../actions/doctor.ts');
    const tell = (lines: readonly string[]): void => writeNotes(this.context, lines);
    const { report, exitCode } = await examineStore(place, { runId: this.runId ?? null, doesRepair: this.repair, tell });
    await writeJson(this.context, report);
    return exitCode;
  }
}
