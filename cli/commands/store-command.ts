import { Command, Option } from 'clipanion';
import { azureFlag, headerFlag, storedBaseUrlFlag } from '../shell/connection-flags.ts';
import type { CliContext } from '../shell/context.ts';
import type { ExitCode } from '../shell/exit-codes.ts';
import { required } from '../shell/flags.ts';
import { inCommands } from '../print/hints.ts';
import { type Place, placeOf, type StoreFlags } from '../shell/place.ts';
import { writeNotes } from '../print/render.ts';

export const storeFlag = (): string | undefined =>
  Option.String('--store', {
    description:
      'Folder of the store, or a postgresql:// address (default: BATCHOR_STORE, which keeps a password out of sight, else .batchor)',
  });
export const artifactsFlag = (): string | undefined =>
  Option.String('--artifacts', { description: 'Where a store in a database has its payloads (default: BATCHOR_ARTIFACTS)' });

/**
 * Works in the place that the flags name, and says what is odd about who controls it. A command that drives runs refuses by itself
 * what others are only warned of. Errors leave it with a hint that can be typed.
 */
export const inPlace = async (
  context: CliContext,
  flags: StoreFlags,
  perform: (place: Place) => Promise<ExitCode>,
  doesDrive: boolean,
): Promise<ExitCode> => {
  const place = placeOf(context, flags);
  const told = place.concerns.filter(({ type }) => type === 'warn' || !doesDrive);
  writeNotes(
    context,
    told.flatMap(({ message, hint }) => [`batchor: ${message}`, `  ${hint}`]),
  );
  try {
    return await perform(place);
  } catch (error) {
    throw inCommands(error, place);
  }
};

/** A command that works on a store. */
export abstract class StoreCommand extends Command<CliContext> {
  readonly store = storeFlag();
  readonly artifacts = artifactsFlag();

  execute(): Promise<ExitCode> {
    return inPlace(this.context, this, (place) => this.perform(place), this.doesDrive);
  }

  /** True where it sends rows, or a key. */
  protected get doesDrive(): boolean {
    return false;
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

/** A command that may ask the provider, for a run that was started. */
export abstract class DrivingCommand extends RunCommand {
  readonly baseUrl = storedBaseUrlFlag();
  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();
}
