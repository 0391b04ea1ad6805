import { Command, Option } from 'clipanion';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { required } from '../flags.ts';
import { inCommands } from '../hints.ts';
import { type Place, placeOf } from '../place.ts';

/** A command that works on a store. Its errors leave it with a hint that can be typed. */
export abstract class StoreCommand extends Command<CliContext> {
  readonly store = Option.String('--store', {
    description:
      'Folder of the store, or a postgresql:// address (default: BATCHOR_STORE, which keeps a password out of sight, else .batchor)',
  });
  readonly artifacts = Option.String('--artifacts', {
    description: 'Where a store in a database has its payloads (default: BATCHOR_ARTIFACTS)',
  });

  async execute(): Promise<ExitCode> {
    const place = placeOf(this.context, this);
    try {
      return await this.perform(place);
    } catch (error) {
      throw inCommands(error, place);
    }
  }

  protected abstract perform(place: Place): Promise<ExitCode>;
}

/** A command about one run of the store. */
export abstract class RunCommand extends StoreCommand {
  readonly runId = Option.String('--run-id', { description: 'The run' });

  protected get givenRunId(): string {
    return required('--run-id', this.runId, 'Name the run; `batchor list` shows them.');
  }
}
