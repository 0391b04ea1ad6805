import { Command, Option } from 'clipanion';
import { azureFlag, headerFlag } from '../shell/connection-flags.ts';
import type { ExitCode } from '../shell/exit-codes.ts';
import { wholeNumber } from '../shell/flags.ts';
import type { Place } from '../shell/place.ts';
import { pricesFlag, pricesOf } from '../job/price-flag.ts';
import { StoreCommand } from './store-command.ts';

/** Needs nothing but the store: what the starts of its runs were told is stored with them. */
export class WorkerCommand extends StoreCommand {
  static override readonly paths = [['worker']];
  static override readonly usage = Command.Usage({
    description: 'Process runs in this store that have work and no owner, until stopped',
    details: `
      Takes runs that nobody drives and to which something is owed: input to read, batches to send, answers to collect, those of
      paused runs included. Goes on with what workers left that died. As many workers as one likes share a store in a database.
      Each taking, end and trouble of a run is a line of JSON on stdout.

      At SIGTERM or Ctrl-C it finishes what it has begun, gives its runs back for others to take, and ends with 0.
    `,
    examples: [
      ['On each of several machines', 'BATCHOR_STORE=postgresql://batchor@db/batchor $0 worker --artifacts /mnt/batchor --max-runs 8'],
    ],
  });

  readonly maxRuns = Option.String('--max-runs', {
    description: 'Runs at a time (default 8); where more need somebody, those that only wait give way',
  });
  readonly baseUrl = Option.String('--base-url', {
    description: "Address of the service (default: OPENAI_BASE_URL, else OpenAI's); runs started at another are left to others",
  });

  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();

  readonly lease = Option.String('--lease', {
    description: 'Seconds without a sign of life after which other workers take over the runs of this one (default 30)',
  });

  readonly prices = pricesFlag();

  protected override get doesDrive(): boolean {
    return true;
  }

  protected async perform(place: Place): Promise<ExitCode> {
    const { work } = await import('../actions/work.ts');
    const runsMax = wholeNumber('--max-runs', this.maxRuns, 1) ?? 8;
    const leaseTtlMs = (wholeNumber('--lease', this.lease, 1) ?? 30) * 1_000;
    const prices = await pricesOf(this.prices, place.loaded, this.context.cwd);
    return work({ context: this.context, place, runsMax, leaseTtlMs, flags: this, prices });
  }
}
