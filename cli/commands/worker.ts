import { Command, Option } from 'clipanion';
import { azureFlag, headerFlag, providerFlag } from '../shell/connection-flags.ts';
import type { ExitCode } from '../shell/exit-codes.ts';
import { wholeNumber } from '../shell/flags.ts';
import type { Place } from '../shell/place.ts';
import { pricesFlag, pricesOf } from '../job/price-flag.ts';
import { StoreCommand } from './store-command.ts';

/** Needs only the store: the flags of each `start` are stored with the run. */
export class WorkerCommand extends StoreCommand {
  static override readonly paths = [['worker']];
  static override readonly usage = Command.Usage({
    description: 'Process runs in this store that have work and no owner, until stopped',
    details: `
      Takes runs that have pending work and no owner: input to read, batches to send, answers to collect, also of paused runs. It
      takes over the runs of workers that died. Any number of workers can share a store in a database. Each run that it takes,
      finishes or leaves is a line of JSON on stdout; warnings go to stderr.

      At SIGTERM or Ctrl-C it completes the requests in flight, releases its runs for other workers, and exits with 0.
    `,
    examples: [
      [
        'On each of several machines',
        'BATCHOR_STORE=postgresql://batchor@db/batchor $0 worker --artifacts /mnt/batchor --max-runs 8',
      ],
    ],
  });

  readonly maxRuns = Option.String('--max-runs', {
    description:
      'Maximum runs at a time (default 8); when more have work, runs that only wait are released',
  });
  readonly provider = providerFlag();
  readonly baseUrl = Option.String('--base-url', {
    description:
      "Address of the service (default: OPENAI_BASE_URL, or the provider's own variable, else its own address); runs of other addresses are skipped",
  });

  readonly header = headerFlag();
  readonly azureApiVersion = azureFlag();

  readonly lease = Option.String('--lease', {
    description:
      'Seconds without a heartbeat after which other workers take over the runs of this worker (default 30)',
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
