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
      'Folder of the store, or a postgresql:// address (default: BATCHOR_STORE, else .batchor). Use BATCHOR_STORE for an address with a password',
  });
export const artifactsFlag = (): string | undefined =>
  Option.String('--artifacts', {
    description: 'Folder for the payloads of a store in a database (default: BATCHOR_ARTIFACTS)',
  });

/**
 * Runs a command on the store that the flags name, and warns when another user controls that store.
 * A command that drives runs refuses such a store by itself. Errors get a hint that the user can
 * type.
 */
export const inPlace = async (
  context: CliContext,
  flags: StoreFlags,
  perform: (place: Place) => Promise<ExitCode>,
  doesDrive: boolean,
): Promise<ExitCode> => {
  const place = placeOf(context, flags);
  const warnings = place.concerns.filter(({ type }) => type === 'warn' || !doesDrive);
  writeNotes(
    context,
    warnings.flatMap(({ message, hint }) => [`batchor: ${message}`, `  ${hint}`]),
  );
  try {
    return await perform(place);
  } catch (error) {
    throw inCommands(error, place);
  }
};

/** A command on a store. */
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
  readonly runId = Option.String('--run-id', { description: 'Id of the run' });

  protected get givenRunId(): string {
    return required('--run-id', this.runId, 'Name the run; `batchor list` lists all runs.');
  }
}

/** A command on a stored run that may send requests to the provider. */
export abstract class DrivingCommand extends RunCommand {
  readonly baseUrl = storedBaseUrlFlag();
  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();
}
